package locate_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/ata-agent/ata-agent/sip/locate"
)

// zone is a Resolver that knows a fixed zone.
type zone map[string][]locate.Record

func (z zone) Query(_ context.Context, kind locate.Kind, name string) ([]locate.Record, error) {
	if r, ok := z[fmt.Sprint(kind, " ", name)]; ok {
		return r, nil
	}
	return nil, locate.ErrNotFound
}

// Two servers, of which the first fails.
func ExampleLocator_Locate() {
	host := func(ip string) []locate.Record {
		return []locate.Record{{TTL: time.Hour, Addr: netip.MustParseAddr(ip)}}
	}
	dns := zone{
		"33 _sip._udp.home.test": {
			{TTL: time.Hour, Priority: 1, Port: 5060, Name: "a.home.test"},
			{TTL: time.Hour, Priority: 2, Port: 5060, Name: "b.home.test"},
		},
		"1 a.home.test": host("192.0.2.1"),
		"1 b.home.test": host("192.0.2.2"),
	}
	l := locate.New(locate.Opts{Resolver: dns})
	list, err := l.Locate(context.Background(), "home.test", 0, "udp")
	fmt.Println(list[0].Addr, list[1].Addr, err)
	l.Fail(list[0], 0)
	list, err = l.Locate(context.Background(), "home.test", 0, "udp")
	fmt.Println(list[0].Addr, list[1].Addr, err)
	// Output:
	// 192.0.2.1:5060 192.0.2.2:5060 <nil>
	// 192.0.2.2:5060 192.0.2.1:5060 <nil>
}
