package doctor

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"maps"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ata-agent/ata-agent/board"
)

const (
	gpioGroup  = 986
	spiGroup   = 985
	audioGroup = 29
)

// device is a node of a group.
func device(gid uint32, perm fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Mode: fs.ModeDevice | fs.ModeCharDevice | perm, Sys: &syscall.Stat_t{Gid: gid}}
}

func content(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func zipped(text string) *fstest.MapFile {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Close()
	return &fstest.MapFile{Data: b.Bytes()}
}

const options612 = "CONFIG_GPIO_CDEV=y\nCONFIG_SND_PCM=m\nCONFIG_SPI_SPIDEV=m\n# CONFIG_TOASTER is not set\n"

// sound is a computer on which everything is as the board of TestComputer wants
// it.
func sound() fstest.MapFS {
	return fstest.MapFS{
		"proc/sys/kernel/osrelease":         content("6.12.1+rpt-rpi-v8\n"),
		"proc/config.gz":                    zipped(options612),
		"proc/device-tree/model":            content("Raspberry Pi 4 Model B\x00"),
		"proc/device-tree/compatible":       content("raspberrypi,4-model-b\x00brcm,bcm2711\x00"),
		"proc/device-tree/ata-agent/board":  content("rpi-si3210-dual\x00"),
		"proc/asound/card0/id":              content("vc4hdmi\n"),
		"proc/asound/card1/id":              content("SLIC\n"),
		"dev/snd/pcmC1D0p":                  device(audioGroup, 0o660),
		"dev/snd/pcmC1D1c":                  device(audioGroup, 0o660),
		"dev/snd/controlC1":                 device(audioGroup, 0o660),
		"dev/spidev0.0":                     device(spiGroup, 0o660),
		"dev/spidev0.1":                     device(spiGroup, 0o660),
		"dev/gpiochip0":                     device(gpioGroup, 0o660),
		"etc/passwd":                        content("root:x:0:0:root:/root:/bin/sh\nata-agent:x:990:990:Telephone adapter:/var/lib/ata-agent:/usr/sbin/nologin\n"),
		"etc/group":                         content("audio:x:29:ata-agent\nspi:x:985:pi,ata-agent\ngpio:x:986:ata-agent\nata-agent:x:990:\n"),
		"etc/resolv.conf":                   content("# by NetworkManager\nsearch lan\nnameserver 192.168.1.1\n"),
		"run/systemd/timesync/synchronized": content(""),
		"sys/class/leds/ACT":                {Mode: fs.ModeDir | 0o755},
	}
}

func twoLines(t *testing.T) *board.Description {
	t.Helper()
	data, _ := board.Profile("rpi-si3210-dual")
	d, err := board.Parse("rpi-si3210-dual", data)
	if err != nil {
		t.Fatal(err)
	}
	d.LEDs.Power = "led:ACT"
	return d
}

var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func examine(t *testing.T, root fs.FS, now time.Time) []Finding {
	t.Helper()
	var who *Account
	if a, ok := ServiceAccount(root); ok {
		who = &a
	}
	return append(Computer(root, "rpi-si3210-dual", twoLines(t), who, now), Resolvers(root)...)
}

func TestSoundComputer(t *testing.T) {
	findings := examine(t, sound(), today)
	for _, f := range findings {
		if f.Severity != OK || f.Text == "" {
			t.Errorf("%+v on a sound computer", f)
		}
	}
	if len(findings) < 12 {
		t.Errorf("%d findings, want one for each part", len(findings))
	}
}

// TestComputer breaks one thing at a time: it is found, and nothing else is.
func TestComputer(t *testing.T) {
	without := func(names ...string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			for _, n := range names {
				delete(m, n)
			}
		}
	}
	with := func(name string, f *fstest.MapFile) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[name] = f }
	}
	for _, tt := range []struct {
		name     string
		change   func(fstest.MapFS)
		now      time.Time
		check    string
		subject  string
		severity Severity
		says     string
		remedy   string
	}{
		{"old kernel", with("proc/sys/kernel/osrelease", content("5.4.0\n")), today, "kernel", "", Fault, "Linux 5.4.0 is older than 5.10", "newer kernel"},
		{"no version", with("proc/sys/kernel/osrelease", content("plan9\n")), today, "kernel", "", Unknown, "version cannot be read", ""},
		{"no spidev in the kernel", with("proc/config.gz", zipped("CONFIG_GPIO_CDEV=y\nCONFIG_SND_PCM=y\n# CONFIG_SPI_SPIDEV is not set\n")), today, "kernel", "", Fault, "no SPI devices: CONFIG_SPI_SPIDEV is not set", "CONFIG_SPI_SPIDEV"},
		{"no options", without("proc/config.gz"), today, "kernel", "", Unknown, "options cannot be read", ""},
		{"broken options", with("proc/config.gz", content("not zipped")), today, "kernel", "", Unknown, "options cannot be read", ""},
		{"no SPI", without("dev/spidev0.1"), today, "node", "/dev/spidev0.1", Fault, "missing", "overlay"},
		{"no pins", without("dev/gpiochip0"), today, "node", "/dev/gpiochip*", Fault, "no GPIO controller", "CONFIG_GPIO_CDEV"},
		{"no card", without("proc/asound/card1/id"), today, "card", "SLIC", Fault, "there is no sound card SLIC: this computer has vc4hdmi", "no PCM clock"},
		{"no card at all", without("proc/asound/card0/id", "proc/asound/card1/id"), today, "card", "SLIC", Fault, "this computer has none", "overlay"},
		{"no capture", without("dev/snd/pcmC1D1c"), today, "node", "/dev/snd/pcmC1D1c", Fault, "missing", "audio.capture_device"},
		{"not in the group", with("etc/group", content("audio:x:29:ata-agent\nspi:x:985:pi\ngpio:x:986:ata-agent\nx\n")), today, "access", "/dev/spidev0.0", Fault, "ata-agent may not use the device: it belongs to group spi", "usermod -aG spi ata-agent"},
		{"no udev rules", with("dev/gpiochip0", device(0, 0o600)), today, "access", "/dev/gpiochip0", Fault, "group 0, mode 0600", "60-ata-agent.rules"},
		{"no overlay", without("proc/device-tree/ata-agent/board"), today, "overlay", "", Warning, "no overlay of this program is loaded", "docs/boards/overlays/rpi-si3210-dual.dts"},
		{"overlay of another board", with("proc/device-tree/ata-agent/board", content("rpi-ag1171-i2s\x00")), today, "overlay", "", Fault, "that of rpi-ag1171-i2s, the board file that of rpi-si3210-dual", "-board"},
		{"another computer", with("proc/device-tree/compatible", content("ti,am335x-bone-black\x00")), today, "overlay", "", Warning, "not made for this computer", "board list"},
		{"time not set", without(), time.Date(1970, 1, 1, 0, 3, 0, 0, time.UTC), "time", "", Fault, "it is 1970-01-01", "set-ntp"},
		{"time not synchronised", func(m fstest.MapFS) {
			delete(m, "run/systemd/timesync/synchronized")
			m["run/systemd/timesync"] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		}, today, "time", "", Warning, "not been synchronised", "timedatectl"},
		{"no name server", with("etc/resolv.conf", content("search lan\n")), today, "dns", "", Fault, "no name server is known", "DHCP"},
		{"no LED", without("sys/class/leds/ACT"), today, "lamp", "led:ACT", Warning, "no such LED", "/sys/class/leds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := maps.Clone(sound())
			tt.change(root)
			found := false
			for _, f := range examine(t, root, tt.now) {
				if f.Severity == OK {
					continue
				}
				if f.Check != tt.check || tt.name != "not in the group" && f.Subject != tt.subject || f.Severity != tt.severity || !strings.Contains(f.Text, tt.says) || !strings.Contains(f.Remedy, tt.remedy) {
					t.Errorf("found %+v", f)
				}
				found = true
			}
			if !found {
				t.Errorf("%s was not found", tt.name)
			}
		})
	}
}

// TestBootConfig: where the kernel does not show its options, the file that came
// with it does.
func TestBootConfig(t *testing.T) {
	root := sound()
	delete(root, "proc/config.gz")
	root["boot/config-6.12.1+rpt-rpi-v8"] = content(options612)
	if f := kernel(root, twoLines(t)); len(f) != 1 || f[0].Severity != OK {
		t.Errorf("found %+v", f)
	}
}

func TestAccounts(t *testing.T) {
	root := sound()
	a, ok := FindAccount(root, "ata-agent")
	if !ok || a.UID != 990 || len(a.Groups) != 4 {
		t.Errorf("account %+v, %v", a, ok)
	}
	if _, ok := FindAccount(root, "nobody"); ok {
		t.Error("an account that is not there was found")
	}
	root["etc/passwd"] = content("ata-agent:x:many:990::/:/bin/sh\n")
	if _, ok := FindAccount(root, "ata-agent"); ok {
		t.Error("a broken account was found")
	}
	for _, tt := range []struct {
		who      Account
		mode     fs.FileMode
		uid, gid uint32
		want     bool
	}{
		{Account{UID: 0}, 0, 5, 5, true},
		{Account{UID: 5}, 0o600, 5, 0, true},
		{Account{UID: 5, Groups: []uint32{7}}, 0o060, 5, 7, false}, // the owner's bits count for the owner
		{Account{UID: 5, Groups: []uint32{7}}, 0o060, 0, 7, true},
		{Account{UID: 5, Groups: []uint32{7}}, 0o040, 0, 7, false},
		{Account{UID: 5}, 0o666, 0, 0, true},
		{Account{UID: 5}, 0o660, 0, 0, false},
	} {
		if got := tt.who.may(tt.mode, tt.uid, tt.gid); got != tt.want {
			t.Errorf("%+v may use mode %#o of %d:%d = %v", tt.who, tt.mode, tt.uid, tt.gid, got)
		}
	}
}

// FuzzComputer: whatever the files hold, the checks end.
func FuzzComputer(f *testing.F) {
	for _, m := range sound() {
		f.Add(m.Data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		root := sound()
		for name := range root {
			if root[name].Mode == 0 {
				root[name] = &fstest.MapFile{Data: data}
			}
		}
		d := &board.Description{Lines: make([]board.Line, 1)}
		who, _ := ServiceAccount(root)
		Computer(root, "x", d, &who, today)
		Resolvers(root)
	})
}
