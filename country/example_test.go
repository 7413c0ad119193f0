package country_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/country"
)

func ExampleLookup() {
	c, ok := country.Lookup("gb")
	if !ok {
		fmt.Println("no such country")
		return
	}
	fmt.Println(c.Name, c.Emergency)
	fmt.Println("ring", c.Ring, c.RingHz)
	fmt.Println("busy", c.Tones.Busy)
	// Output:
	// United Kingdom [999 112]
	// ring [400ms 200ms 400ms 2s] 25Hz
	// busy 400@-18:375 -:375
}

func ExampleDigit() {
	key, _ := country.Digit(country.PulsesNewZealand, 9)
	fmt.Printf("%c\n", key)
	// Output: 1
}
