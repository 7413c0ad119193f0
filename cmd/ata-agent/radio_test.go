package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/telemetry"
)

// TestRadio: a link is found within a minute, followed, and forgotten when it goes.
func TestRadio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		signal, looks := 0, 0
		var fails error
		r := &radio{stations: func() ([]telemetry.Station, error) {
			mu.Lock()
			defer mu.Unlock()
			looks++
			return []telemetry.Station{{Interface: "wlan1"}, {Interface: "wlan0", Signal: signal}}, fails
		}}
		ctx, end := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.run(ctx) }()
		after := func(d time.Duration, want float64) {
			t.Helper()
			mu.Unlock()
			defer mu.Lock()
			time.Sleep(d)
			synctest.Wait()
			if got := r.dBm(); got != want {
				t.Errorf("signal is %v, want %v", got, want)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		after(30*time.Second, 0)
		if looks != 1 {
			t.Errorf("%d looks where there is no radio", looks)
		}
		signal = -70
		after(31*time.Second, -70)
		signal = -80
		after(2*time.Second, -80)
		fails = errors.New("gone")
		after(2*time.Second, 0)
		end()
		<-done // it looks no more and does not wait for us
	})
}
