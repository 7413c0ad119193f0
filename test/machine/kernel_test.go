//go:build machine

package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// arch is one machine.
type arch struct {
	name   string // of Debian's architecture
	kernel string // package that names the present kernel
	linux  string // the kernel's own name
	cross  string // prefix of the compiler
	goarch string
	qemu   string
	cpu    string
	system bool // can be a Debian with systemd
}

var arches = []arch{
	{"arm64", "linux-image-arm64", "arm64", "aarch64-linux-gnu-", "arm64", "qemu-system-aarch64", "cortex-a53", true},
	{"armhf", "linux-image-armmp", "arm", "arm-linux-gnueabihf-", "arm", "qemu-system-arm", "cortex-a7", false},
}

// kernel is a kernel image with its modules, ours among them.
type kernel struct {
	image   string
	modules string // folder
	board   string // vboard.ko
}

// unavailable ends the test because something cannot be had here.
func unavailable(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// cache is the folder that keeps kernels between runs.
func cache(t *testing.T) string {
	dir := os.Getenv("ATA_MACHINE_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		dir = filepath.Join(base, "ata-agent-machine")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cached returns the folder of this name in the cache, which fill has filled as
// recipe says. One that was filled by another recipe is filled again.
func cached(t *testing.T, name, recipe string, fill func(dir string) error) string {
	dir := filepath.Join(cache(t), name)
	if what, err := os.ReadFile(filepath.Join(dir, "complete")); err == nil && string(what) == recipe {
		return dir
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := fill(dir); err != nil {
		unavailable(t, "%s cannot be had: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), []byte(recipe), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fetch returns the kernel of an architecture, from the cache or from Debian's
// archive. Remove the cache to get a newer one.
func (a arch) fetch(t *testing.T) kernel {
	dir := cached(t, a.name, unpackScript, a.download)
	images, err := filepath.Glob(filepath.Join(dir, "root/boot/vmlinuz-*"))
	if err != nil || len(images) != 1 {
		t.Fatalf("kernel images %v: %v", images, err)
	}
	k := kernel{image: images[0], modules: filepath.Join(dir, "root")}
	k.board = a.buildModule(t, dir)
	return k
}

// run runs a program and returns what it printed.
func run(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return string(out), nil
}

// download fetches a kernel and what modules for it are built with.
func (a arch) download(dir string) error {
	apt, err := newDebian(a.name, filepath.Join(dir, "apt"))
	if err != nil {
		return err
	}
	out, err := apt.ask("depends", a.kernel)
	if err != nil {
		return err
	}
	version, base, err := kernelVersion(out)
	if err != nil {
		return errors.Join(apt.updated, err)
	}
	if err := apt.download("linux-image-"+version, "linux-headers-"+version, "linux-headers-"+base+"-common"); err != nil {
		return err
	}
	// The tools among the headers are programs of the host.
	if _, err := run(apt.dir, nil, "apt-get", "-qq", "download", "linux-kbuild-"+release(base)); err != nil {
		return err
	}
	return a.unpack(dir, version, release(base))
}

// kernelVersion finds 6.1.0-56-arm64 and 6.1.0-56 in the answer of apt-cache.
func kernelVersion(depends string) (version, base string, err error) {
	m := regexp.MustCompile(`Depends: linux-image-(([0-9][^\s]*)-[a-z0-9]+)\s`).FindStringSubmatch(depends)
	if m == nil {
		return "", "", fmt.Errorf("no kernel in %q", depends)
	}
	return m[1], m[2], nil
}

// release is 6.1 of 6.1.0-56.
func release(base string) string {
	parts := strings.SplitN(base, ".", 3)
	return strings.Join(parts[:2], ".")
}

// unpackScript takes the used parts out of the packages.
const unpackScript = `set -e
mkdir -p root headers
dpkg-deb --fsys-tarfile apt/linux-image-*.deb | tar x -C root --wildcards './boot/vmlinuz*' '*/snd*.ko*' '*/soundcore.ko*' '*/softdog.ko*' '*/sch_netem.ko*' '*/kernel/net/wireless/*' '*/kernel/net/mac80211/*' '*/kernel/net/rfkill/*' '*/libarc4.ko*' '*/mac80211_hwsim.ko*' '*/kernel/crypto/c[ct][mr].ko*' '*/kernel/crypto/cmac.ko*'
for d in apt/linux-headers-*.deb apt/linux-kbuild-*.deb; do dpkg -x $d headers; done
sed -i "s#/usr/src/#$PWD/headers/usr/src/#" headers/usr/src/linux-headers-$1/Makefile
if [ "$3" = armhf ]; then ln -sf modpost.real-lsb-32 headers/usr/lib/linux-kbuild-$2/scripts/mod/modpost; fi
rm -r apt`

func (a arch) unpack(dir, version, release string) error {
	_, err := run(dir, nil, "sh", "-c", unpackScript, "unpack", version, release, a.name)
	return err
}

// buildModule builds the module unless the one in the cache is of this source.
func (a arch) buildModule(t *testing.T, dir string) string {
	built := filepath.Join(dir, "kmod")
	source, err := os.ReadFile("kmod/vboard.c")
	if err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(built, "vboard.ko")
	old, _ := os.ReadFile(filepath.Join(built, "vboard.c"))
	if _, err := os.Stat(module); err == nil && string(old) == string(source) {
		return module
	}
	kbuild, err := os.ReadFile("kmod/Kbuild")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.RemoveAll(built), os.MkdirAll(built, 0o755),
		os.WriteFile(filepath.Join(built, "Kbuild"), kbuild, 0o644),
		os.WriteFile(filepath.Join(built, "vboard.c"), source, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	headers, err := filepath.Glob(filepath.Join(dir, "headers/usr/src/linux-headers-*-"+a.flavour()))
	if err != nil || len(headers) != 1 {
		t.Fatalf("kernel headers %v: %v", headers, err)
	}
	out, err := run(built, nil, "make", "-s", "-C", headers[0], "ARCH="+a.linux, "CROSS_COMPILE="+a.cross,
		"CC="+a.cross+"gcc", "M="+built, "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
	if err != nil {
		t.Fatalf("build vboard.ko: %v", err)
	}
	if _, err := run(built, nil, a.cross+"strip", "-g", module); err != nil {
		t.Fatal(err)
	}
	t.Logf("built vboard.ko %s", strings.TrimSpace(out))
	return module
}

// flavour is the last part of the kernel's name.
func (a arch) flavour() string { return strings.TrimPrefix(a.kernel, "linux-image-") }
