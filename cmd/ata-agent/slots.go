package main

import "runtime"

// audioSlots is how many threads must be able to carry out Go code at a time. On one
// processor Go's scheduler would allow one: the audio, whose thread the kernel
// prefers to all others (hal.Prioritize), would wait for a slot behind
// a goroutine that has up to 10 ms.
const audioSlots = 2

// makeRoomForAudio adds slots where there are too few, unless the environment says how
// many there are.
func makeRoomForAudio(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < audioSlots {
		runtime.GOMAXPROCS(audioSlots)
	}
}
