package media_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/ata-agent/ata-agent/media"
)

// A call: sockets before the offer, the stream when it was answered, the line
// joined to it while it talks.
func Example() {
	voice := media.NewVoice(media.VoiceOpts{
		Keys: func(key byte, down bool) { fmt.Println("key", string(key), down) },
	})

	rtp, rtcp, err := media.Listen(netip.MustParseAddr("127.0.0.1"), 42000, 42998, 46)
	if err != nil {
		fmt.Println(err)
		return
	}
	session := media.NewSession(rtp, rtcp, media.SessionOpts{Symmetric: true})
	ctx, hangUp := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- session.Run(ctx) }()

	// The answer of this call sends the voice to ourselves.
	local := netip.MustParseAddr("127.0.0.1")
	port := uint16(session.LocalPort())
	session.Set(media.Stream{
		Remote:     netip.AddrPortFrom(local, port),
		RemoteRTCP: netip.AddrPortFrom(local, port+1),
		Codec:      media.PCMA, PTime: 20 * time.Millisecond,
		Send: true, Receive: true,
	})
	voice.Connect(session)

	// The line's clock calls Frame; here for 100 ms, as fast as it can.
	toPhone, fromPhone := make([]int16, 80), make([]int16, 80)
	for range 10 {
		voice.Frame(toPhone, fromPhone)
	}
	fmt.Println("packets sent:", session.Stats().Sent)

	voice.Connect(nil)
	hangUp()
	fmt.Println("ended:", <-ended)
	// Output:
	// packets sent: 5
	// ended: <nil>
}
