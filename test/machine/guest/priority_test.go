//go:build machine && linux

package guest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
)

// favour is the nice value of a thread that is hal.Favoured.
const favour = "-5"

// TestAgentPriority has the agent and another program take all of the only
// processor during a call. The audio goes before both: at most one sample in fifty
// comes too late for the sound card, and nothing stalls.
func TestAgentPriority(t *testing.T) {
	s := newScene(t)
	s.do(1, plain)
	s.peer.do(plain)
	if got := s.program.niceThreads(); got != favour {
		t.Errorf("threads with a nice value below 0: %q, want one of %s", got, favour)
	}
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing offhook pause 500ms")
	before := s.program.await(time.Second, "talking", func(st agent.Status) bool { return st.Lines[0].State == "talking" })
	stop := s.busy()
	talks := s.talk(1)
	asked := stop()
	after := s.program.await(time.Second, "still talking", func(st agent.Status) bool { return st.Lines[0].State == "talking" })
	t.Logf("%d answers in %d periods", asked, after.Clock.Periods-before.Clock.Periods)
	if asked < 100 || after.Clock.Stalls != 0 || after.Clock.Errors != 0 {
		t.Errorf("%d answers, the clock: %+v", asked, after.Clock)
	}
	was, is := *before.Clock.Card, *after.Clock.Card
	if period := int64(s.pcm.Period()); is.Overruns != was.Overruns || 50*(is.Lost-was.Lost) > (is.Periods-was.Periods)*period {
		t.Errorf("the sound card: %+v, before all were busy %+v", is, was)
	}
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 10s onhook")
	for _, x := range talks {
		x.understood(t) // the far end shares the processor, and may be late itself
	}
}

// niceThreads are the nice values of the agent's threads that are not ordinary ones
// (proc_pid_stat(5)).
func (p *program) niceThreads() string {
	p.Helper()
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.process.Pid))
	if err != nil || len(stats) == 0 {
		p.Fatalf("threads %q, %v", stats, err)
	}
	var values []string
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, fields, _ := strings.Cut(string(stat), ") ")
		nice := strings.Fields(fields)[19-3]
		if v, err := strconv.Atoi(nice); err != nil || v < 0 {
			values = append(values, nice)
		}
	}
	return strings.Join(values, " ")
}

// busy keeps the agent busy with questions, and the processor with nothing, until
// it is stopped. It returns how many questions were answered.
func (s *scene) busy() (stop func() int) {
	done := make(chan struct{})
	var w sync.WaitGroup
	w.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
		}
	})
	answers := 0
	w.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			res, err := s.program.client.Get("http://agent/v1/events")
			if err != nil {
				s.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, res.Body); err == nil && n > 0 {
				answers++
			}
			_ = res.Body.Close()
		}
	})
	return func() int {
		close(done)
		w.Wait()
		return answers
	}
}
