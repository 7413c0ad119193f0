package siptest_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// A registrar on a network in memory, asked whether it is alive.
func ExampleRegistrar() {
	network := siptest.NewNet()
	server, _ := network.Listen(netip.MustParseAddrPort("10.0.0.1:5060"))
	phone, _ := network.Listen(netip.MustParseAddrPort("10.0.0.2:5060"))
	registrar, err := siptest.NewRegistrar(server, siptest.Opts{Users: map[string]string{"ata1": "secret1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- registrar.Run(ctx) }()

	phone.WriteToUDPAddrPort([]byte("OPTIONS sip:ata.test SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1\r\nFrom: <sip:ata1@ata.test>;tag=1\r\n"+
		"To: <sip:ata.test>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"), registrar.Addr())
	buf := make([]byte, 2000)
	n, _, _ := phone.ReadFromUDPAddrPort(buf)
	fmt.Printf("%.14s\n", buf[:n])

	cancel()
	fmt.Println(<-ended)
	// Output:
	// SIP/2.0 200 OK
	// <nil>
}
