package gpioslic_test

import (
	"context"
	"fmt"
	"log"

	"periph.io/x/conn/v3/gpio/gpioreg"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
)

// A port on four pins of a board with an Ag1171.
func Example() {
	pins := gpioslic.Pins{
		SHK: gpioreg.ByName("GPIO22"), RM: gpioreg.ByName("GPIO23"),
		FR: gpioreg.ByName("GPIO24"), PD: gpioreg.ByName("GPIO25"),
	}
	dev, err := gpioslic.New(pins, gpioslic.Opts{Name: "line 1", Kind: gpioslic.Ag1171})
	if err != nil {
		log.Fatal(err)
	}
	dev.SetFeed(slic.Forward)
	err = dev.Run(context.Background(), func(e slic.Event) {
		fmt.Println(e.At, e.Kind, e.Err)
	})
	log.Fatal(err)
}
