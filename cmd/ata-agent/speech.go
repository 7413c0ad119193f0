package main

import (
	"bytes"
	_ "embed"

	"github.com/ata-agent/ata-agent/sim"
)

//go:embed speech/thanks.wav
var speechThanks []byte

//go:embed speech/intro.wav
var speechIntro []byte

// samplesOf are the samples of an embedded speech file.
func samplesOf(wav []byte) []int16 {
	samples, err := sim.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		panic("speech: " + err.Error()) // the file is part of the program
	}
	return samples
}
