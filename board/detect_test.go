package board

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is the root of a machine's file system.
func tree(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestDetect(t *testing.T) {
	const (
		model      = "proc/device-tree/model"
		compatible = "proc/device-tree/compatible"
		overlay    = "proc/device-tree/ata-agent/board"
		zero2      = "raspberrypi,model-zero-2-w\x00brcm,bcm2837\x00"
		pi4        = "raspberrypi,4-model-b\x00brcm,bcm2711\x00"
	)
	tests := []struct {
		name       string
		files      map[string]string
		profile    string
		candidates []string
		err        string // of Detect or Name
	}{
		{"a computer without a device tree", nil, "", nil, "a computer without a device tree, which no built-in board is made for"},
		{"BeagleBone", map[string]string{model: "TI AM335x BeagleBone Black\x00", compatible: "ti,am335x-bone-black\x00ti,am335x-bone\x00ti,am33xx\x00"}, "beaglebone-si3210", []string{"beaglebone-si3210"}, ""},
		{"Zero 2 W", map[string]string{model: "Raspberry Pi Zero 2 W Rev 1.0\x00", compatible: zero2}, "", []string{"rpi-ag1171-i2s", "rpi-handset", "rpi-zero2w-si3210-dual"}, "this is Raspberry Pi Zero 2 W Rev 1.0, made for it are rpi-ag1171-i2s and rpi-handset and rpi-zero2w-si3210-dual; name one, or load its overlay"},
		{"Zero 2 W with an overlay", map[string]string{model: "Raspberry Pi Zero 2 W Rev 1.0\x00", compatible: zero2, overlay: "rpi-zero2w-si3210-dual\x00"}, "rpi-zero2w-si3210-dual", []string{"rpi-ag1171-i2s", "rpi-handset", "rpi-zero2w-si3210-dual"}, ""},
		{"Pi 4 with a module", map[string]string{compatible: pi4, overlay: "rpi-ag1171-i2s\x00"}, "rpi-ag1171-i2s", []string{"rpi-ag1171-i2s", "rpi-handset", "rpi-si3210-dual"}, ""},
		{"overlay of an unknown board", map[string]string{compatible: pi4, overlay: "toaster\x00"}, "", []string{"rpi-ag1171-i2s", "rpi-handset", "rpi-si3210-dual"}, `the device tree names the board "toaster", known are beaglebone-si3210, generic`},
		{"another computer", map[string]string{model: "Acme\x00", compatible: "acme,one\x00"}, "", nil, "this is Acme, which no built-in board is made for"},
		{"a broken tree", map[string]string{compatible: strings.Repeat("x\x00", maxProperty)}, "", nil, "without a device tree"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Detect(tree(tt.files))
			if err == nil {
				_, err = d.Name()
				if err != nil && !errors.Is(err, ErrNoBoard) {
					t.Errorf("Name() = %v, want ErrNoBoard", err)
				}
			}
			if d.Profile != tt.profile || !slices.Equal(d.Candidates, tt.candidates) {
				t.Errorf("detected %q of %v, want %q of %v", d.Profile, d.Candidates, tt.profile, tt.candidates)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	pi := map[string]string{
		"proc/device-tree/model":                                   "Raspberry Pi 4 Model B Rev 1.4\x00",
		"proc/device-tree/serial-number":                           "100000001234abcd\x00",
		"proc/device-tree/aliases/ethernet0":                       "/scb/ethernet@7d580000\x00",
		"proc/device-tree/scb/ethernet@7d580000/local-mac-address": "\xdc\xa6\x32\x01\x02\x03",
		"sys/class/net/eth0/address":                               "02:00:00:00:00:09\n",
	}
	with := func(extra map[string]string) map[string]string {
		all := map[string]string{}
		for _, files := range []map[string]string{pi, extra} {
			for name, text := range files {
				all[name] = text
			}
		}
		return all
	}
	tests := []struct {
		name               string
		files              map[string]string
		model, serial, mac string
		err                string
	}{
		{"nothing", nil, "", "", "", ""},
		{"device tree", pi, "Raspberry Pi 4 Model B Rev 1.4", "100000001234abcd", "dc:a6:32:01:02:03", ""},
		{"no address in the tree", with(map[string]string{"proc/device-tree/aliases/ethernet0": ""}), "Raspberry Pi 4 Model B Rev 1.4", "100000001234abcd", "02:00:00:00:00:09", ""},
		{"group address in the tree", with(map[string]string{"proc/device-tree/scb/ethernet@7d580000/local-mac-address": "\xff\xff\xff\xff\xff\xff"}), "Raspberry Pi 4 Model B Rev 1.4", "100000001234abcd", "02:00:00:00:00:09", ""},
		{"factory", with(map[string]string{identityFile: `{"model": "ATA 2", "serial": "A7", "mac": "00:00:5e:00:53:01", "board": "generic"} // line 3` + "\n"}), "ATA 2", "A7", "00:00:5e:00:53:01", ""},
		{"factory, serial alone", with(map[string]string{identityFile: `{"serial": "A7"}`}), "Raspberry Pi 4 Model B Rev 1.4", "A7", "dc:a6:32:01:02:03", ""},
		{"wrong address", with(map[string]string{identityFile: `{"mac": "01:00:5e:00:53:01"}`}), "Raspberry Pi 4 Model B Rev 1.4", "100000001234abcd", "dc:a6:32:01:02:03", `/etc/ata-agent/identity.json:1:9: /mac: "01:00:5e:00:53:01" is no Ethernet address of one device`},
		{"unknown key", with(map[string]string{identityFile: `{"sn": "A7"}`}), "Raspberry Pi 4 Model B Rev 1.4", "100000001234abcd", "dc:a6:32:01:02:03", "unknown key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := ReadIdentity(tree(tt.files))
			if id.Model != tt.model || id.Serial != tt.serial || id.MAC.String() != tt.mac {
				t.Errorf("identity %+v, want %q %q %q", id, tt.model, tt.serial, tt.mac)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}
