//go:build !linux

package hal

// Prioritize has the thread of the calling goroutine go before others where the
// system can do that; it returns what it got, and what makes the thread again what
// it was.
func Prioritize() (got Priority, restore func()) { return Ordinary, func() {} }
