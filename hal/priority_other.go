//go:build !linux

package hal

// Prioritize has the thread of the calling goroutine go before others where the
// system can do that; it returns what it got.
func Prioritize() Priority { return Ordinary }

// Deprioritize makes the calling thread an ordinary one.
func Deprioritize() {}
