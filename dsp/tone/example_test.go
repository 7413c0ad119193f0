package tone_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

func ExampleParse() {
	// North American recall dial tone: three short breaks, then dial tone.
	spec, err := tone.Parse("3x(350+440:100 -:100) | 350+440:inf", -13)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(spec.Intro), "segments, then", spec.Loop[0].Sound)
	// Output: 6 segments, then 350@-13+440@-13
}

func ExampleGenerator() {
	busy := tone.MustParse("425:500 -:500", -10)
	var g tone.Generator
	g.Start(&busy)
	toPhone := make([]int16, 4000) // half a second
	for range 3 {
		g.Read(toPhone)
		fmt.Printf("%.0f dBm0\n", dsp.LevelOf(toPhone[40:]))
	}
	// Output:
	// -10 dBm0
	// -Inf dBm0
	// -10 dBm0
}
