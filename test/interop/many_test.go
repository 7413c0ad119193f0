//go:build interop

package interop

import (
	"os"
	"sync"
	"testing"
	"time"
)

// TestManyCalls calls a hundred times each way (a dozen by default), on all
// lines side by side, and expects nothing to be left over.
func TestManyCalls(t *testing.T) {
	each := 3
	if os.Getenv("ATA_FULL") != "" {
		each = 25 // on each of four lines
	}
	l := newLab(t, "virtual")
	before := goroutines(t, l.ata)
	closed := l.count("CALL_CLOSED")
	var group sync.WaitGroup
	for n := 1; n <= lines; n++ {
		group.Go(func() {
			for i := range each {
				if _, err := l.tryPhone(n, words("offhook wait tone:dial dial 2001 -on 50 -off 50 wait talk onhook pause 1s")...); err != nil {
					t.Errorf("line %d, call %d: %v", n, i, err)
					_, _ = l.tryPhone(n, "onhook", "pause", "1s")
				}
			}
		})
	}
	group.Wait()
	eventually(t, 10*time.Second, "baresip saw every end", func() bool { return l.count("CALL_CLOSED") == closed+each*lines })
	l.idle(t)
	for i := range each * lines {
		n := i%lines + 1
		l.call(t, n)
		l.phone(t, n, words("wait ringing offhook wait talk onhook")...)
	}
	eventually(t, 10*time.Second, "baresip saw every end", func() bool { return l.count("CALL_CLOSED") == closed+2*each*lines })
	l.idle(t)
	eventually(t, 40*time.Second, "the agent is as it was before the calls", func() bool { return goroutines(t, l.ata) <= before })
	t.Logf("%d calls each way, goroutines %d before, %d after", each*lines, before, goroutines(t, l.ata))
}

// goroutines is how many threads of control the agent has.
func goroutines(t *testing.T, a *ata) int {
	t.Helper()
	var s struct {
		Process struct {
			Goroutines int `json:"goroutines"`
		} `json:"process"`
	}
	a.statusInto(t, &s)
	if s.Process.Goroutines == 0 {
		t.Fatal("status does not tell the goroutines")
	}
	return s.Process.Goroutines
}
