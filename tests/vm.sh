#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vm.sh [KERNEL [TEST...]]: the demo and the tests of tests/kernel on another kernel, in qemu.
#
# KERNEL: a Debian kernel package, as a file or by its name; else the cloud kernel of this release.
# TEST: scripts and C tests as tests/run names them, else a choice. VM_SECONDS and TEST_SECONDS: how
# long all of it, and each of them, may take.
# The machine's root is this one's, over virtiofs and read-only below a tmpfs: what a test writes is
# gone with the machine. Ends as tests/run does, with `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
O=${O:-build}
case $O in /*) ;; *) O=$PWD/$O ;; esac
kernel=${1:-linux-image-cloud-amd64}
[ $# = 0 ] || shift
[ $# != 0 ] || set -- tests/demo.sh tests/kernel/test_{load,lists,parse_equal}.c \
	tests/kernel/{attach,egress,established,flows,generations,confirm,panic,cookies}.sh \
	tests/kernel/{limits,connlimit,lists,bans,sets,schedule,monitor,trace,interfaces}.sh
work=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# The package of that name; behind one that is empty, the kernel that it depends on.
download() {
	local newest
	newest=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
	(cd "$work" && apt-get -qq download "${newest:-$1}" 2>/dev/null)
	mv "$work"/linux-image-*.deb "$work/kernel.deb"
	echo "$work/kernel.deb"
}

# initramfs ROOT VERSION: the modules that the root's file system needs, and what mounts it.
initramfs() {
	local module file
	mkdir -p "$work/initramfs/modules" "$work/initramfs/"{bin,proc,sys,low,top,root}
	cp /bin/busybox "$work/initramfs/bin/"
	for module in virtio_pci virtiofs overlay; do
		modprobe -d "$1" -S "$2" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/needed"
	while read -r module; do
		file=$(basename "$module")
		case $file in
		*.xz) xz -dc "$module" >"$work/initramfs/modules/${file%.xz}" ;;
		*) cp "$module" "$work/initramfs/modules/$file" ;;
		esac
		echo "insmod /modules/${file%.xz}"
	done <"$work/needed" >"$work/insmod"
	cat >"$work/initramfs/init" <<-END
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		$(cat "$work/insmod")
		mount -t virtiofs -o ro host /low
		mount -t tmpfs -o size=75% tmpfs /top
		mkdir /top/upper /top/work
		mount -t overlay -o lowerdir=/low,upperdir=/top/upper,workdir=/top/work overlay /root
		exec switch_root /root /bin/bash $work/boot
	END
	chmod +x "$work/initramfs/init"
	(cd "$work/initramfs" && find . | cpio -o -H newc --quiet) >"$work/initramfs.cpio"
}

# What runs first in the machine. Its last line but the console's is the tests' own.
boot() { # boot ROOT TEST...
	local root=$1
	shift
	cat <<-END
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root O=$O TEST_SECONDS=${TEST_SECONDS:-900}
		cd $PWD
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		ln -s /proc/self/fd /dev/fd
		mkdir -p /dev/pts /dev/shm
		mount -t devpts pts /dev/pts
		mount -t tmpfs run /run
		mount -t tmpfs shm /dev/shm
		mount -t cgroup2 cgroup /sys/fs/cgroup
		mount -t bpf bpf /sys/fs/bpf
		mount -t tracefs trace /sys/kernel/tracing
		mkdir -p /lib/modules
		mount --bind $root/lib/modules /lib/modules
		ip link set lo up
		echo "kernel \$(uname -r)"
		tests/run $*
		echo o >/proc/sysrq-trigger
		while :; do :; done
	END
}

command -v qemu-system-x86_64 cpio busybox >/dev/null || {
	echo "vm: qemu-system-x86_64, cpio and busybox are needed: run 'sudo make vm'" >&2
	exit 1
}
case $kernel in
*.deb) package=$kernel ;;
*) package=$(download "$kernel") ;;
esac
root=$work/kernel
dpkg-deb -x "$package" "$root"
version=$(basename "$root"/lib/modules/*)
depmod -b "$root" "$version"
initramfs "$root" "$version"
boot "$root" "$@" >"$work/boot"

# In Debian 12 it comes with qemu, later as a package.
for program in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do
	[ ! -x $program ] || break
done
$program --socket-path="$work/host" -o source=/ -o cache=always -o sandbox=chroot >"$work/served" 2>&1 &
children+=($!)
for _ in $(seq 50); do
	[ ! -S "$work/host" ] || break
	sleep 0.1
done
mkfifo "$work/console"
sed -u 's/\r//' <"$work/console" | tee "$work/said" &
console=$!
# One CPU, emulated by one thread: beside others it is not exact where a jump is rewritten.
timeout "${VM_SECONDS:-3600}" qemu-system-x86_64 -nodefaults -no-reboot \
	-accel tcg,thread=single -cpu max,cx16=off -smp 1 -m 2G \
	-object memory-backend-memfd,id=memory,size=2G,share=on -numa node,memdev=memory \
	-chardev socket,id=host,path="$work/host" -device vhost-user-fs-pci,chardev=host,tag=host \
	-display none -serial stdio -kernel "$root"/boot/vmlinuz-* -initrd "$work/initramfs.cpio" \
	-append "console=ttyS0 quiet panic=-1" </dev/null >"$work/console" &
children+=($!)
wait $! $console
tail -n 5 "$work/said" | grep -Eq '^[1-9][0-9]* passed, 0 failed'
