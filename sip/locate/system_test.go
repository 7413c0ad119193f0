package locate

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestNameServers(t *testing.T) {
	got := nameServers("# comment\nsearch home\nnameserver 192.0.2.1 # first\nnameserver\n nameserver fe80::1%eth0\nnameserver name\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n")
	want := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("[fe80::1%eth0]:53"), netip.MustParseAddrPort("192.0.2.3:53")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSystemReadsTheHostsFile(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n192.0.2.7\tpbx.home PBX # the box\n2001:db8::7 pbx.home\nbad pbx.home\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := System{Hosts: hosts, ResolvConf: hosts + ".none"}
	for kind, want := range map[Kind]string{A: "192.0.2.7", AAAA: "2001:db8::7"} {
		got, err := s.Query(t.Context(), kind, "PBX.home.")
		if err != nil || len(got) != 1 || got[0].Addr.String() != want {
			t.Errorf("%v: %+v, %v, want %s", kind, got, err, want)
		}
	}
	if got, err := s.Query(t.Context(), A, "pbx"); err != nil || len(got) != 1 {
		t.Errorf("second name: %v, %v", got, err)
	}
	l := New(Opts{Resolver: &s})
	if got := locate(t, l, "pbx.home", 5060, "udp"); got != "udp 192.0.2.7:5060, udp [2001:db8::7]:5060" {
		t.Error(got)
	}
}

func FuzzSystemFiles(f *testing.F) {
	f.Add("nameserver 192.0.2.1\n127.0.0.1 localhost # x", "localhost")
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, s := range nameServers(text) {
			if !s.IsValid() {
				t.Fatal(s)
			}
		}
		for _, r := range hostRecords(text, A, name) {
			if !r.Addr.Is4() {
				t.Fatal(r)
			}
		}
	})
}
