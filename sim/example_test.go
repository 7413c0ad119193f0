package sim_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// A telephone hangs on a feed of 48 V behind 160 ohm that gives 20 mA at most.
func ExampleTelephone() {
	phone := sim.NewTelephone(sim.TelephoneOpts{Seed: 1})
	feed := twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.020}
	second := func() {
		for range 8000 {
			phone.Step(feed)
		}
	}
	second()
	fmt.Println(phone.State())
	phone.Hook(true)
	second()
	fmt.Println(phone.State())
	// Output:
	// on hook, loop 48.0 V 0.0 mA, polarity normal
	// off hook, loop 9.4 V 20.0 mA, polarity normal, hears nothing
}
