package callerid_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
)

func Example() {
	scheme, _ := callerid.Lookup("bellcore")
	plan := scheme.Message(callerid.Call{Number: "5551234", Name: "Zoë"})

	var sender callerid.Sender
	receiver := callerid.NewReceiver(func(message []byte) {
		m, err := callerid.Parse(message)
		fmt.Println(m.Call.Number, m.Call.Name, err)
	})
	block := make([]int16, dsp.Frame)
	for sender.Start(plan); sender.Playing(); {
		sender.Read(block)
		receiver.Process(block)
	}
	// Output: 5551234 Zoe <nil>
}
