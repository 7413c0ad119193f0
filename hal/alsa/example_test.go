package alsa_test

import (
	"log"

	"github.com/ata-agent/ata-agent/hal/alsa"
)

// Two lines on one card, each hearing the other.
func Example() {
	pcm, err := alsa.Open(alsa.Opts{Card: "SLIC", Channels: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer pcm.Close()
	toPhone := [][]int16{make([]int16, pcm.Period()), make([]int16, pcm.Period())}
	fromPhone := [][]int16{make([]int16, pcm.Period()), make([]int16, pcm.Period())}
	for {
		if err := pcm.Exchange(toPhone, fromPhone); err != nil {
			log.Print(err) // the next Exchange begins anew
		}
		copy(toPhone[0], fromPhone[1])
		copy(toPhone[1], fromPhone[0])
	}
}
