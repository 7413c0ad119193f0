package dtmf_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/dsp/dtmf"
)

func Example() {
	var keypad dtmf.Generator
	detector := dtmf.NewDetector(dtmf.Opts{})
	block := make([]int16, 80)
	for _, key := range []byte("42#") {
		keypad.StartFor(key, -10, 2, 50*8, 50*8) // 50 ms on, 50 ms off
		for keypad.Playing() {
			keypad.Read(block)
			detector.Process(block)
			for e, ok := detector.Next(); ok; e, ok = detector.Next() {
				if e.Down {
					fmt.Printf("%c", e.Key)
				}
			}
		}
	}
	// Output: 42#
}
