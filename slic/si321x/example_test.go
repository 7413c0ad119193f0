package si321x_test

import (
	"context"
	"fmt"
	"log"

	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/spi/spireg"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// A port on the first bus of a board with a Si3210 and a Si3201. The PCM
// highway runs already.
func Example() {
	bus, err := spireg.Open("/dev/spidev0.0")
	if err != nil {
		log.Fatal(err)
	}
	defer bus.Close()
	pins := si321x.Pins{Reset: gpioreg.ByName("GPIO17"), Int: gpioreg.ByName("GPIO27")}
	dev, err := si321x.New(bus, pins, si321x.Opts{Name: "line 1", Variant: si321x.Si3210, Si3201: true})
	if err != nil {
		log.Fatal(err)
	}
	dev.SetFeed(slic.Forward)
	err = dev.Run(context.Background(), func(e slic.Event) {
		fmt.Println(e.At, e.Kind, e.Err)
	})
	log.Fatal(err)
}
