//go:build !linux

package hal

func newSleeper() sleeper { return portableSleeper{} }
