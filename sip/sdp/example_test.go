package sdp_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

// An offer as an old PBX may send it: bare line feeds, no s= and t=, a fax
// line, and a hold said on session level.
func ExampleParse() {
	offer, err := sdp.Parse([]byte("v=0\no=pbx x y IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\na=sendonly\n" +
		"m=audio 4000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\nm=image 4002 udptl t38"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range offer.Media {
		fmt.Println(m.Kind, m.RTPAddr(), m.Direction, m.Held())
		for _, c := range m.Codecs {
			fmt.Println(" ", c.PT, c.Name)
		}
	}
	// Output:
	// audio 192.0.2.1:4000 sendonly true
	//   8 PCMA
	//   101 telephone-event
	// image 192.0.2.1:4002 sendonly true
}
