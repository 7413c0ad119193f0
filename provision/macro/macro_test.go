package macro

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

var device = Device{
	MAC: net.HardwareAddr{0x00, 0x0e, 0x08, 0xaa, 0xbb, 0xcc}, Product: "SPA112", Series: "112", Serial: "88012BA01234",
	Software: "1.4.1", Hardware: "B", Address: "192.168.1.100", External: "66.43.16.52", Certificate: true,
}

func TestCisco(t *testing.T) {
	names := device.Cisco().With(Names{"PRVST": "0", "REGTMR1": "17", "A": "acme", "NEST": "$MA", "EMPTY": ""})
	for _, tt := range []struct{ text, want string }{
		{"/spa$PSN.cfg", "/spa112.cfg"},
		{"http://host/app/provision/?mac=$MA", "http://host/app/provision/?mac=000e08aabbcc"},
		{"$MAU.xml", "000E08AABBCC.xml"},
		{"$MAC", "00:0e:08:aa:bb:cc"},
		{"$(MA)x$(PN)", "000e08aabbccxSPA112"},
		{"$mac", "000e08aabbcc"},
		{"$CCERT", "Installed"},
		{"$(MA:6)", "aabbcc"},
		{"$(MA:6:2)/$(MA:8:4)", "aa/bbcc"},
		{"$(MA:6:99)|$(MA:99)|$(MA:0:0)", "aabbcc||"},
		{"$(MA:x)$(MA:-1)$(MA:1:y)$(MA:", "$(MA:x)$(MA:-1)$(MA:1:y)$(MA:"},
		{"$$MA costs $$", "$MA costs $"},
		{"$NEST", "$MA"}, // no recursion
		{"a${EMPTY}b$EMPTY.c", "a${EMPTY}b.c"},
		{"$UNKNOWN $(UNKNOWN) $MAX $ma", "$UNKNOWN $(UNKNOWN) $MAX $ma"},
		{"$REGTMR1/$A/$PRVST", "17/acme/0"},
		{"$SN $SWVER $HWVER $IP $EXTIP", "88012BA01234 1.4.1 B 192.168.1.100 66.43.16.52"},
		{"ends with $", "ends with $"},
		{"", ""},
	} {
		if got := names.Expand(tt.text); got != tt.want {
			t.Errorf("Expand(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
	if got := (&Device{}).Cisco().Expand("$CCERT"); got != "Not Installed" {
		t.Errorf("without certificate $CCERT is %q", got)
	}
}

func TestOtherMakers(t *testing.T) {
	if got := device.OBi().Expand("obi$MAC.xml"); got != "obi000E08AABBCC.xml" {
		t.Errorf("OBi: %q", got)
	}
	for text, want := range map[string]string{
		"https://prov.example/ata/{mac}.json": "https://prov.example/ata/000e08aabbcc.json",
		"{MAC}/{MODEL}/{model}/{serial}":      "000E08AABBCC/SPA112/SPA112/88012BA01234",
		"{nobody} {mac {{mac}}":               "{nobody} {mac {000e08aabbcc}",
		"ends with {":                         "ends with {",
	} {
		if got := device.Braces().ExpandBraces(text); got != want {
			t.Errorf("ExpandBraces(%q) = %q, want %q", text, got, want)
		}
	}
}

func ExampleNames_Expand() {
	d := Device{MAC: net.HardwareAddr{0x00, 0x0e, 0x08, 0xaa, 0xbb, 0xcc}, Series: "112"}
	fmt.Println(d.Cisco().Expand("http://prov.example/spa$PSN/$MA.xml"))
	// Output: http://prov.example/spa112/000e08aabbcc.xml
}

func FuzzExpand(f *testing.F) {
	f.Add("http://h/$MA?$(MA:6:2)$$$", "0")
	f.Add("{mac}{", "$A{mac}")
	f.Fuzz(func(t *testing.T, text, value string) {
		names := device.Cisco().With(Names{"A": value})
		if got := names.Expand(text); !strings.Contains(text, "$") && got != text {
			t.Errorf("Expand(%q) = %q without a macro in it", text, got)
		}
		if got := names.ExpandBraces(text); !strings.Contains(text, "{") && got != text {
			t.Errorf("ExpandBraces(%q) = %q without a macro in it", text, got)
		}
	})
}
