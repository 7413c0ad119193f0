//go:build machine

package machine

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// systemPackages are a small Debian with systemd, which can install packages.
var systemPackages = strings.Fields(`base-files base-passwd bash coreutils dash debianutils diffutils dpkg findutils
	grep gzip hostname init-system-helpers libc-bin login mount passwd perl-base sed systemd systemd-sysv tar udev
	usr-is-merged util-linux`)

// unpackSystem unpacks packages into a root and notes in dpkg's database that they
// are installed. Their scripts are programs of the machine and do not run.
const unpackSystem = `set -e
mkdir -p root/usr/bin root/usr/sbin root/usr/lib
for d in bin sbin lib; do ln -s usr/$d root/$d; done
db=root/var/lib/dpkg
mkdir -p $db/info $db/updates
for d in apt/*.deb; do
  dpkg-deb --fsys-tarfile $d | tar x -C root --keep-directory-symlink --no-same-owner
  name=$(dpkg-deb -f $d Package)
  [ "$(dpkg-deb -f $d Multi-Arch)" != same ] || name=$name:$(dpkg-deb -f $d Architecture)
  dpkg-deb --fsys-tarfile $d | tar t | sed 's#^\.##; s#/$##; s#^$#/.#' >$db/info/$name.list
  { dpkg-deb -f $d | sed '/^Package:/a Status: install ok installed'; echo; } >>$db/status
done
rm -rf apt root/usr/share/doc root/usr/share/man root/usr/share/locale root/usr/share/info root/boot
cp root/usr/share/base-passwd/passwd.master root/etc/passwd
cp root/usr/share/base-passwd/group.master root/etc/group
sed 's/:.*/:*:19700:0:99999:7:::/' root/etc/passwd >root/etc/shadow
sed 's/:.*/:*::/' root/etc/group >root/etc/gshadow
echo 00000000000000000000000000000001 >root/etc/machine-id
echo machine >root/etc/hostname`

// unit has systemd run the guest's tests.
const unit = `[Service]
ExecStart=/init
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
`

// withSystem returns the machine as a Debian, whose PID 1 is systemd, with our
// package beside it.
func (p prepared) withSystem(t *testing.T) prepared {
	dir := cached(t, p.arch.name+"-system", fmt.Sprint(systemPackages, unpackSystem), func(dir string) error {
		apt, err := newDebian(p.arch.name, filepath.Join(dir, "apt"))
		if err != nil {
			return err
		}
		if err := apt.downloadAll(systemPackages...); err != nil {
			return err
		}
		_, err = run(dir, nil, "sh", "-c", unpackSystem)
		return err
	})
	files := newArchive()
	if err := files.tree(filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	files.add("etc/systemd/system/machine.service", 0o100644, []byte(unit))
	files.add("etc/systemd/system/multi-user.target.wants/machine.service", modeLink, []byte("../machine.service"))
	if err := files.copy("ata-agent.deb", p.buildPackage(t)); err != nil {
		t.Fatal(err)
	}
	p.memory = 1024
	p.begin = "machine.begin=/lib/systemd/systemd systemd.unit=multi-user.target systemd.getty_auto=no systemd.show_status=no"
	return p.with(t, files, modulesUsed)
}

// buildPackage builds the Debian package of the machine's architecture.
func (p prepared) buildPackage(t *testing.T) string {
	dist := t.TempDir()
	if _, err := run("../..", nil, "make", "-s", "deb-"+p.arch.name, "DIST="+dist); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(dist, "*.deb"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("packages %q, %v", packages, err)
	}
	return packages[0]
}
