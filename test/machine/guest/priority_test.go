//go:build machine && linux

package guest

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
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
		x.judge(t)
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

var hog = flag.String("hog", "", "be the program that takes the processor, and asks the agent at this control socket")

// busy has another program keep the agent busy with questions, and the processor
// with nothing, until it is stopped. It returns how many questions were answered.
func (s *scene) busy() (stop func() int) {
	s.Helper()
	cmd := exec.Command("/bin/guest", "-hog", s.program.socket)
	var answers strings.Builder
	cmd.Stdout, cmd.Stderr = &answers, os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	return func() int {
		s.Helper()
		_ = input.Close() // which ends it
		err := cmd.Wait()
		n, parseErr := strconv.Atoi(answers.String())
		if err := errors.Join(err, parseErr); err != nil {
			s.Error(err)
		}
		return n
	}
}

// takeAll takes the processor until its input ends, and prints how many questions
// the agent answered meanwhile. It returns the exit code of the program.
func takeAll(socket string) int {
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(done)
	}()
	var turns atomic.Uint64
	go func() {
		for {
			turns.Add(1)
		}
	}()
	client := clientOf(socket)
	for answers := 0; ; {
		select {
		case <-done:
			fmt.Print(answers)
			return 0
		default:
		}
		res, err := client.Get("http://agent/v1/events")
		if err != nil {
			fmt.Fprintln(os.Stderr, "hog:", err)
			return 1
		}
		if n, err := io.Copy(io.Discard, res.Body); err == nil && n > 0 {
			answers++
		}
		_ = res.Body.Close()
	}
}
