# SPDX-License-Identifier: MIT
#
# A small Linux guest with a real USB stack, for script tests: source it after
# tests/lib/vmcu.sh.  Debian's kernel and Debian's tools, nothing installed
# and nothing outside of the guest touched.
#
#   guest_prepare          kernel and modules into build/guest (kept there)
#   guest_gpio_sim         adds gpio-sim to the modules
#   guest_tool FILE...     programs that it shall have, with their libraries
#   guest_file FROM TO     a file that it shall have
#   guest_start OPTION...  boots; options are more of QEMU's
#   guest NAME COMMAND     runs a command there; output in $DIR/NAME.log
#   guest_monitor COMMAND  one line to QEMU's monitor
#   guest_wait COMMAND     until it succeeds there, 10 s at most
#
# In the guest `host WORD...` calls the test's function guest_host with these
# words, and ends with its exit code.
#
# The console is in $DIR/console.log.  GUEST_ACCEL=kvm or tcg overrides the
# choice of the accelerator.

GUEST=build/guest
GUEST_MODULES="usb-common usbcore xhci-hcd xhci-pci hid hid-generic usbhid"

skip() {
	say "skipped: $*"
	exit 77
}

# deb PACKAGE: downloads it into build/guest; its file is then in $DEB.
deb() {
	(cd "$GUEST" && apt-get -qq download "$1" >download.log 2>&1) ||
		skip "cannot download $1 (apt-get update?): $(tail -n 1 "$GUEST/download.log")"
	DEB=$(ls -t "$GUEST/$1"_*.deb | head -n 1)
}

# A virtual machine of a paravirtual kind has /dev/kvm too, but runs no
# ordinary kernel: only the processor's own virtualization counts.
guest_accel() {
	if [ -n "${GUEST_ACCEL:-}" ]; then
		echo "$GUEST_ACCEL"
	elif [ -w /dev/kvm ] &&
		[ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ]; then
		echo kvm
	else
		echo tcg
	fi
}

guest_prepare() {
	need qemu-system-x86_64 apt-get dpkg-deb cpio ldd busybox timeout
	mkdir -p "$GUEST"
	exec 9>"$GUEST/lock"
	flock -w 300 9 || fail "another test holds $GUEST"
	if [ ! -f "$GUEST/kernel" ]; then
		local image
		image=$(apt-cache depends linux-image-amd64 2>/dev/null |
			sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
		[ -n "$image" ] || skip "apt knows no linux-image-amd64"
		say "downloading $image"
		deb "$image"
		rm -rf "$GUEST/root"
		mkdir -p "$GUEST/root"
		dpkg-deb --fsys-tarfile "$DEB" |
			tar -x -C "$GUEST/root" --wildcards './boot/vmlinuz*' \
			'*/drivers/usb/*' '*/drivers/hid/*' \
			'*/drivers/net/ethernet/intel/e1000/*' '*/fs/configfs/*'
		rm "$DEB"
		mv "$GUEST/root/boot/vmlinuz-${image#linux-image-}" \
			"$GUEST/vmlinuz"
		echo "${image#linux-image-}" >"$GUEST/kernel"
	fi
	KERNEL=$(cat "$GUEST/kernel")
	exec 9>&-
	TREE=$DIR/guest
	mkdir -p "$TREE"/{bin,dev,proc,sys,tmp,etc,modules}
	cp "$(command -v busybox)" "$TREE/bin/busybox"
	# shellcheck disable=SC2086
	guest_modules $GUEST_MODULES
}

# Debian's kernel comes without gpio-sim: it is built from Debian's source
# package.  irq_sim belongs into the kernel proper; as part of a module it must
# do without irq_to_desc(), which generic_handle_irq() calls for it.
guest_gpio_sim() {
	local work=$GUEST/gpio-sim source=linux-source-${KERNEL%.*} p
	need make gcc-12 tar xz
	GUEST_MODULES+=" configfs gpio_simulator"
	if [ ! -f "$GUEST/root/lib/modules/gpio_simulator.ko" ]; then
		say "building gpio-sim for $KERNEL"
		rm -rf "$work"
		mkdir -p "$work/module"
		for p in "linux-headers-$KERNEL" \
			"linux-headers-${KERNEL%-*}-common" \
			"linux-kbuild-${KERNEL%.*}"; do
			deb "$p"
			dpkg-deb -x "$DEB" "$work"
			rm "$DEB"
		done
		deb "$source"
		{ dpkg-deb --fsys-tarfile "$DEB" 2>/dev/null || true; } |
			{ tar -xO "./usr/src/$source.tar.xz" 2>/dev/null ||
				true; } |
			tar -xJ --strip-components=3 -C "$work/module" \
			--occurrence=1 "$source/drivers/gpio/gpiolib.h" \
			"$source/drivers/gpio/gpio-sim.c" \
			"$source/kernel/irq/irq_sim.c"
		rm "$DEB"
		sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' \
			"$work/module/irq_sim.c"
		printf 'obj-m := gpio_simulator.o\ngpio_simulator-y := gpio-sim.o irq_sim.o\n' \
			>"$work/module/Makefile"
		sed -i "s,include /usr/src,include $PWD/$work/usr/src," \
			"$work/usr/src/linux-headers-$KERNEL/Makefile"
		env -u MAKEFLAGS -u MAKELEVEL make -s \
			-C "$PWD/$work/usr/src/linux-headers-$KERNEL" \
			"M=$PWD/$work/module" modules >"$GUEST/gpio-sim.log" \
			2>&1 || skip "gpio-sim cannot be built: see $GUEST/gpio-sim.log"
		mv "$work/module/gpio_simulator.ko" "$GUEST/root/lib/modules/"
		rm -rf "$work"
	fi
	guest_modules configfs gpio_simulator
}

guest_modules() {
	local m
	for m; do
		cp "$(find "$GUEST/root/lib/modules" -name "$m.ko")" \
			"$TREE/modules/" || fail "the kernel has no $m"
	done
}

guest_file() {
	mkdir -p "$TREE$(dirname "$2")"
	cp -rL "$1" "$TREE$2"
}

guest_tool() {
	local tool lib
	for tool; do
		guest_file "$tool" "/bin/$(basename "$tool")"
		while read -r lib; do
			[ -e "$TREE$lib" ] || guest_file "$lib" "$lib"
		done < <(ldd "$tool" | grep -o '/[^ ]*\.so[^ ]*')
	done
}

# Commands come on the second serial port, one per line.
guest_init() {
	cat >"$TREE/init" <<-'INIT'
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	export PATH=/bin HOME=/tmp
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	cd /modules
	for m in $(cat order); do insmod "$m.ko" || echo "no module $m"; done
	cd /tmp
	stty -F /dev/ttyS1 raw -echo
	stty -F /dev/ttyS2 raw -echo
	serve
	INIT
	# a process of its own, because an orphan's end makes init's "read" begin
	# again and lose half a line
	cat >"$TREE/bin/serve" <<-'SERVE'
	#!/bin/sh
	exec 3<>/dev/ttyS1
	echo "== ready ==" >&3
	while read -r line <&3; do
		echo "# $line" >/dev/console
		sh -c "$line" >/tmp/.said 2>&1 </dev/null
		code=$?
		cat /tmp/.said >/dev/console
		cat /tmp/.said >&3
		echo "== exit $code ==" >&3
	done
	SERVE
	cat >"$TREE/bin/host" <<-'HOST'
	#!/bin/sh
	until mkdir /tmp/host.lock 2>/dev/null; do usleep 2000; done
	exec 9<>/dev/ttyS2
	echo "$*" >&9
	read -r code <&9
	rmdir /tmp/host.lock
	exit "$code"
	HOST
	chmod +x "$TREE/init" "$TREE/bin/host" "$TREE/bin/serve"
	echo "$GUEST_MODULES" >"$TREE/modules/order"
	# not compressed: unpacking is what takes time under TCG
	(cd "$TREE" && find . | cpio -o -H newc --quiet) >"$DIR/initrd"
}

guest_start() {
	local accel
	accel=$(guest_accel)
	guest_init
	mkfifo "$DIR"/{cmd,mon,host}.{in,out}
	exec 5<>"$DIR/cmd.in" 6<>"$DIR/cmd.out" \
		7<>"$DIR/mon.in" 8<>"$DIR/mon.out"
	timeout 600 qemu-system-x86_64 -accel "$accel" -smp 1 -m 256 \
		-nodefaults -no-user-config -display none -no-reboot \
		-nic none -kernel "$GUEST/vmlinuz" -initrd "$DIR/initrd" \
		-append "console=ttyS0 quiet panic=-1" \
		-serial "file:$DIR/console.log" -serial "pipe:$DIR/cmd" \
		-serial "pipe:$DIR/host" -monitor "pipe:$DIR/mon" -device qemu-xhci,id=usb \
		"$@" >"$DIR/qemu.log" 2>&1 &
	GUEST_PID=$!
	PIDS+=("$GUEST_PID")
	cat <&8 >"$DIR/monitor.log" &
	PIDS+=("$!")
	guest_serve <>"$DIR/host.out" >"$DIR/host.in" &
	PIDS+=("$!")
	guest_until '== ready ==' 90 /dev/null || guest_dead "does not boot"
	say "guest: Linux $KERNEL under $accel"
}

guest_host() { return 1; } # a test has its own

guest_serve() {
	local line code
	while IFS= read -r line; do
		code=0
		# shellcheck disable=SC2086
		guest_host $line >>"$DIR/host.log" 2>&1 </dev/null || code=$?
		echo "$code"
	done
}

guest_dead() {
	tail -n 20 "$DIR/qemu.log" "$DIR/console.log" >&2 || true
	fail "the guest $*"
}

# guest_until PATTERN SECONDS FILE: reads what it says up to a line; that line
# is then in $REPLY.
guest_until() {
	local end=$((SECONDS + $2)) line begun=''
	: >"$3"
	while [ "$SECONDS" -lt "$end" ]; do
		kill -0 "$GUEST_PID" 2>/dev/null || return 1
		if ! IFS= read -r -t 1 line <&6; then
			begun+=$line # half a line was there in time
			continue
		fi
		line=$begun${line%$'\r'}
		begun=
		if [[ $line =~ $1 ]]; then
			REPLY=$line
			return 0
		fi
		printf '%s\n' "$line" >>"$3"
	done
	return 1
}

guest() {
	local name=$1
	printf '%s\n' "$2" >&5
	guest_until '== exit ([0-9]+) ==' "${GUEST_TIMEOUT:-60}" \
		"$DIR/$name.log" || guest_dead "does not answer: $2"
	[[ $REPLY =~ ([0-9]+) ]]
	return "${BASH_REMATCH[1]}"
}

guest_monitor() { printf '%s\n' "$1" >&7; }

guest_wait() {
	guest wait "i=0; until $1; do i=\$((i+1)); [ \$i -lt 100 ] || exit 1; usleep 100000; done" ||
		fail "in the guest this does not come true: $1"
}

# guest_probe ID HOST:PORT: options that plug a virtual MCU's probe in.
guest_probe() {
	PROBE_OPTIONS+=(-chardev
		"socket,id=$1,host=${2%:*},port=${2##*:},reconnect=1"
		-device "usb-redir,id=$1,chardev=$1,bus=usb.0")
}
