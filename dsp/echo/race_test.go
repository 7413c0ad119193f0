//go:build race

package echo

// racing says that the race detector makes everything slow. There are no
// goroutines here for it to watch, so the figures are taken of less.
const racing = true
