package main

import (
	"runtime/debug"
	"testing"
)

func TestThrifty(t *testing.T) {
	now := func() int {
		v := debug.SetGCPercent(100)
		debug.SetGCPercent(v)
		return v
	}
	before := now()
	end := thrifty(func(string) string { return "" })
	if got := now(); got != collectAt {
		t.Errorf("the collector runs at %d %%", got)
	}
	end()
	if got := now(); got != before {
		t.Errorf("afterwards it runs at %d %%, before at %d %%", got, before)
	}
	defer thrifty(func(string) string { return "200" })()
	if got := now(); got != before {
		t.Errorf("GOGC is set, and the collector runs at %d %%", got)
	}
}
