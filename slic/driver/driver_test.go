package driver_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

func TestOrders(t *testing.T) {
	o := driver.NewOrders("chip")
	if w := o.Wanted(); w.Feed != slic.Open || w.Feeds != 0 || w.Electrical != (slic.Electrical{}).WithDefaults() {
		t.Errorf("at first %+v is wanted", w)
	}
	o.SetFeed(slic.Forward)
	o.SetFeed(slic.Ringing) // does not block although nobody has looked
	if w := o.Wanted(); w.Feed != slic.Ringing || w.Feeds != 2 {
		t.Errorf("%+v is wanted, want the second of two feeds", w)
	}
	<-o.Changed()
	select {
	case <-o.Changed():
		t.Error("two wake-ups wait")
	default:
	}
	if err := o.Configure(slic.Electrical{RingFrequency: -1}); err == nil || !strings.HasPrefix(err.Error(), "chip: configure: ") {
		t.Errorf("Configure = %v, want an error of the chip", err)
	}
	select {
	case <-o.Changed():
		t.Error("settings that were refused wake the port")
	default:
	}
}

func TestOneRunAtATime(t *testing.T) {
	o := driver.NewOrders("chip")
	end, err := o.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Begin(); err == nil {
		t.Error("a second Run begins beside the first")
	}
	end()
	if _, err := o.Begin(); err != nil {
		t.Errorf("after the end of the first: %v", err)
	}
}

func TestReports(t *testing.T) {
	var events []slic.Event
	var log strings.Builder
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
	r := driver.NewReports("chip", "line 1", slog.New(handler), func(e slic.Event) { events = append(events, e) })
	at, broken := time.Unix(100, 0), errors.New("broken")
	r.Emit(slic.OffHook, at, nil)
	r.Emit(slic.OnHook, at.Add(-time.Second), nil) // heard of late
	r.Send(slic.Event{At: at, Kind: slic.Key, Key: '5'})
	r.Note("odd")
	r.Note("odd")
	r.Lost(broken)
	r.Lost(broken)
	r.Emit(slic.Ready, time.Now(), nil)
	r.Lost(broken)
	var kinds []string
	for i, e := range events {
		kinds = append(kinds, e.Kind.String())
		if i > 0 && e.At.Before(events[i-1].At) {
			t.Errorf("event %d is earlier than the one before it", i)
		}
	}
	var want []string
	for _, k := range []slic.EventKind{slic.OffHook, slic.OnHook, slic.Key, slic.Note, slic.Lost, slic.Ready, slic.Lost} {
		want = append(want, k.String())
	}
	if got, want := strings.Join(kinds, " "), strings.Join(want, " "); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if last := events[len(events)-1]; !errors.Is(last.Err, broken) || last.Err.Error() != "chip: broken" || r.Last() != last.At {
		t.Errorf("the last event is %+v", last)
	}
	if n := strings.Count(log.String(), "still lost"); n != 1 {
		t.Errorf("the log says %d times that the port is still lost, want once", n)
	}
	if strings.Contains(log.String(), slic.Key.String()) {
		t.Error("keys are logged")
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := driver.Pause(t.Context(), time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("Pause = %v after %v", err, time.Since(began))
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := driver.Pause(ctx, time.Hour); !errors.Is(err, cause) {
			t.Errorf("Pause after the end of ctx = %v, want %v", err, cause)
		}
	})
}
