package gpio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/gpio"
)

// A reset line that is released without a glitch, and a hook contact whose
// edges are told with their time.
func Example() {
	chips, err := gpio.Open()
	if err != nil {
		log.Fatal(err)
	}
	reset, err := chips.Line("pinctrl-bcm2711", "GPIO24", gpio.Opts{Consumer: "line 1 reset"})
	if err != nil {
		log.Fatal(err)
	}
	defer reset.Close()
	if err := reset.Out(pgpio.High); err != nil {
		log.Fatal(err)
	}
	hook, err := chips.Line("pinctrl-bcm2711", "GPIO25", gpio.Opts{Consumer: "line 1 hook", Debounce: 5 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer hook.Close()
	if err := hook.In(pgpio.PullUp, pgpio.BothEdges); err != nil {
		log.Fatal(err)
	}
	for {
		e, err := hook.ReadEdge(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.At, e.Level)
	}
}
