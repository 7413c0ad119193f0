package config_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/config"
)

// A server's document lies over what the device came with; the owner's lies over
// both, as far as the owner may.
func ExampleMerge() {
	layers := []config.Layer{
		{Name: config.Factory, Source: "factory.json", Data: []byte(`{"lines": [{"sip": {"registrar": "sip.test", "user": "100"}}]}`)},
		{Name: config.Device, Source: "server.json", Data: []byte(`{"lines": [{"sip": {"user": "5551234"}}]}`)},
		{Name: config.Owner, Source: "owner.json", Data: []byte(`{"lines": [{"name": "Kitchen"}]}`)},
	}
	e, err := config.Merge("", layers...)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := e.Config.Lines[0]
	fmt.Println(l.Name, l.SIP.User, "at", l.SIP.Registrar)
	fmt.Println("user:", e.Origin("/lines/0/sip/user"))

	next, err := config.Merge("", config.WithLayer(layers, config.Layer{
		Name: config.Device, Source: "server.json", Data: []byte(`{"lines": [{"sip": {"user": "5559999"}, "slic": {"tx_gain_db": -3}}]}`),
	})...)
	if err != nil {
		fmt.Println(err)
		return
	}
	changes := config.Diff(e.Config, next.Config)
	for _, c := range changes {
		fmt.Println(c)
	}
	fmt.Println("together:", changes.Class())
	// Output:
	// Kitchen 5551234 at sip.test
	// user: device server.json:1:29
	// /lines/0/sip/user: "5551234" → "5559999" (line) User part of the address of record, often the telephone number.
	// /lines/0/slic/tx_gain_db: 0 → -3 (live) Gain from the telephone to the network.
	// together: line
}
