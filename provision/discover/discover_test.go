package discover

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// usual is the default of provision.dhcp.options.
var usual = []int{160, 66, 159, 150, 43}

func TestURLs(t *testing.T) {
	secure, any := []string{"https"}, []string{"https", "http", "tftp"}
	for name, tt := range map[string]struct {
		options Options
		schemes []string
		want    []string
	}{
		"a URL":                    {Options{160: []byte("https://p.test/$MA.xml\x00")}, secure, []string{"https://p.test/$MA.xml"}},
		"macros in braces":         {Options{160: []byte("https://p.test/{mac}.json")}, secure, []string{"https://p.test/{mac}.json"}},
		"a host":                   {Options{66: []byte("p.test")}, secure, []string{"https://p.test"}},
		"a host, all ways":         {Options{66: []byte("p.test")}, any, []string{"https://p.test", "http://p.test", "tftp://p.test"}},
		"host and file":            {Options{66: []byte("p.test"), 67: []byte("/spa112.cfg\x00")}, secure, []string{"https://p.test/spa112.cfg"}},
		"path, so no file":         {Options{66: []byte("p.test/x"), 67: []byte("y")}, secure, []string{"https://p.test/x"}},
		"not this way":             {Options{160: []byte("http://p.test/x"), 66: []byte("tftp://p.test")}, secure, nil},
		"in order":                 {Options{66: []byte("https://b.test"), 160: []byte("https://a.test"), 43: []byte("\x07\x0ehttps://c.test\xff")}, secure, []string{"https://a.test", "https://b.test", "https://c.test"}},
		"addresses":                {Options{150: []byte{10, 0, 0, 1, 10, 0, 0, 2, 9}}, secure, []string{"https://10.0.0.1", "https://10.0.0.2"}},
		"the same twice":           {Options{66: []byte("p.test"), 159: []byte("p.test")}, secure, []string{"https://p.test"}},
		"43 without sub-options":   {Options{43: []byte("https://p.test/x")}, secure, []string{"https://p.test/x"}},
		"43, TR-069":               {Options{43: []byte("\x01\x0ehttps://c.test\x02\x04code")}, secure, nil},
		"43, cut":                  {Options{43: []byte("\x07\xf0https")}, secure, nil},
		"a password":               {Options{160: []byte("https://u:p@p.test/")}, secure, nil},
		"control characters":       {Options{160: []byte("https://p.test/\r\nX: y")}, secure, nil},
		"nonsense":                 {Options{160: {0xff, 0xfe}, 66: {}, 159: []byte("://"), 150: {1}, 43: {1}}, any, nil},
		"SIP servers are not ours": {Options{120: []byte{1, 10, 0, 0, 1}}, any, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.options.URLs(usual, tt.schemes); !slices.Equal(got, tt.want) {
				t.Errorf("URLs = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSIPNames(t *testing.T) {
	for name, tt := range map[string]struct {
		value []byte
		want  []string
	}{
		"addresses": {[]byte{1, 192, 0, 2, 1, 192, 0, 2, 2}, []string{"192.0.2.1", "192.0.2.2"}},
		"names":     {[]byte("\x00\x03sip\x04test\x00\x01b\x04test\x00"), []string{"sip.test", "b.test"}},
		"cut":       {[]byte("\x00\x03sip\x04tes"), nil},
		"pointer":   {[]byte("\x00\x03sip\x00\xc0\x01"), []string{"sip"}},
		"other":     {[]byte{2, 1}, nil},
		"nothing":   {nil, nil},
	} {
		if got := (Options{SIPServers: tt.value}).SIPNames(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// message is a DHCP message with options given as they are on the wire.
func message(options string) []byte {
	return append(append(make([]byte, bootpHeader), magicCookie...), options...)
}

func TestLeases(t *testing.T) {
	const url = "https://p.test"
	for file, text := range map[string]string{
		"run/systemd/netif/leases/2":                   "ADDRESS=10.0.0.2\nOPTION_160=68747470733a2f2f702e74657374\n",
		"var/lib/NetworkManager/internal-x-eth0.lease": "VENDOR_SPECIFIC=070e68747470733a2f2f702e74657374\n",
		"var/lib/dhcp/dhclient.eth0.leases":            "lease {\n  option tftp-server-name \"old.test\";\n}\nlease {\n  interface \"eth0\";\n  option tftp-server-name \"https://p.test\";\n  renew 1 2026/01/01;\n}\n",
		"var/lib/dhclient/dhclient.leases":             "lease {\n  option unknown-160 68:74:74:70:73:3a:2f:2f:70:2e:74:65:73:74;\n}\n",
		"var/lib/dhcpcd/eth0.lease":                    string(message("\x35\x01\x05\x00\xa0\x07https:/\xa0\x07/p.test\xff")),
	} {
		t.Run(file, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, file, text, time.Now())
			got := Leases(root).URLs(usual, []string{"https"})
			if !slices.Contains(got, url) {
				t.Errorf("found %q, want %q", got, url)
			}
		})
	}
}

func write(t *testing.T, root, name, text string, at time.Time) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestNewestLease(t *testing.T) {
	root := t.TempDir()
	if o := Leases(root); o != nil {
		t.Errorf("found %v where nothing is", o)
	}
	now := time.Now()
	write(t, root, "var/lib/dhcp/dhclient.leases", "lease {\n option tftp-server-name \"old.test\";\n}\n", now.Add(-time.Hour))
	write(t, root, "run/systemd/netif/leases/2", "OPTION_160="+"6e65772e74657374"+"\n", now)
	write(t, root, "run/systemd/netif/leases/3", "ADDRESS=10.0.0.2\n", now.Add(time.Hour))
	if got := Leases(root).URLs(usual, []string{"https"}); !slices.Equal(got, []string{"https://new.test"}) {
		t.Errorf("found %q, want the newest that names a server", got)
	}
}

func FuzzOptions(f *testing.F) {
	f.Add(message("\xa0\x0ehttps://p.test\x78\x06\x00\x03sip\x00\x2b\x02\x01\x00\xff"))
	f.Add([]byte("OPTION_160=00\nlease {\n option unknown-43 1:2;\n}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []Options{Packet(data), networkdLease(data), dhclientLease(data), {43: data, 66: data, 150: data, 120: data}} {
			for _, u := range append(o.URLs(usual, []string{"https", "tftp"}), o.SIPNames()...) {
				if bytes.ContainsAny([]byte(u), "\r\n\x00") {
					t.Errorf("%q", u)
				}
			}
		}
	})
}
