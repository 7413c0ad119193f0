package main

import "runtime/debug"

// collectAt is by how many percent the memory in use may grow before the collector
// runs. The voice allocates nothing, so it runs seldom anyway, and a small board has
// more use for the memory than for the time.
const collectAt = 50

// thrifty has the program keep less memory than Go does by itself, unless GOGC asks
// for something else. The function it returns ends that.
func thrifty(getenv func(string) string) (end func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(collectAt)
	return func() { debug.SetGCPercent(before) }
}
