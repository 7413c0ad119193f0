//go:build interop

package interop

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

func words(s string) []string { return strings.Fields(s) }

// lab is Kamailio, baresip and an agent with four lines: both transports, both
// laws.
type lab struct {
	*peer.Kamailio
	*baresip
	*ata
}

// labLines are the lines of a lab's agent.
var labLines = [lines]struct{ transport, codec string }{
	{"udp", "PCMU"}, {"tcp", "PCMA"}, {"udp", "PCMA"}, {"tcp", "PCMU"},
}

func newLab(t *testing.T, board string) *lab {
	t.Helper()
	l := &lab{Kamailio: startKamailio(t, "MD5")}
	l.baresip = startBaresip(t, l.Kamailio, baresipOpts{})
	var doc []object
	for i, line := range labLines {
		doc = append(doc, account(l.Kamailio, i+1, line.transport, line.codec))
	}
	l.ata = startATAOn(t, board, doc...)
	return l
}

// TestCalls makes every kind of call through Kamailio to baresip and back, on the
// kinds of boards that ATA_BOARDS names, on chips alone without it.
func TestCalls(t *testing.T) {
	boards := strings.Fields(os.Getenv("ATA_BOARDS"))
	if len(boards) == 0 {
		boards = []string{"virtual"}
	}
	for _, board := range boards {
		t.Run(board, func(t *testing.T) {
			l := newLab(t, board)
			t.Run("out", l.out)
			t.Run("in", l.in)
			t.Run("failures", l.failures)
			t.Run("busy", l.busy)
			t.Run("hold", l.hold)
			t.Run("second", l.second)
			t.Run("keys", l.keys)
		})
	}
}

// wires says whether the board's telephones hang on wires.
func (l *lab) wires() bool { return l.Board != "virtual-handset" }

// farEndGone is what a telephone notices when the far end hangs up.
func (l *lab) farEndGone() []string {
	if l.wires() {
		return words("wait cpc wait tone:reorder")
	}
	return words("wait tone:reorder")
}

// ready puts every handset down at the end of a test, so that a failure does
// not spoil the next.
func (l *lab) ready(t *testing.T) {
	t.Cleanup(func() {
		for n := 1; n <= lines; n++ {
			_, _ = l.TryPhone(n, "onhook")
		}
		l.do(t, "hangup", "")
		l.idle(t)
	})
}

// out calls baresip by keys and by rotary dials of every speed, each line in its
// law over its transport.
func (l *lab) out(t *testing.T) {
	tests := []struct {
		line int
		how  string
	}{
		{1, "dial 2001"},
		{2, "dial 2001"},
		{3, "dial 2001 -on 50 -off 50"},
		{1, "pulse 2001 -pps 8"},
		{2, "pulse 2001 -pps 10"},
		{3, "pulse 2001 -pps 12"},
		{4, "pulse 2001 -pps 20"},
	}
	for _, tt := range tests {
		if strings.HasPrefix(tt.how, "pulse") && !l.wires() {
			continue // there is no rotary dial
		}
		line := labLines[tt.line-1]
		t.Run(tt.how+" "+line.transport+" "+line.codec, func(t *testing.T) {
			l.ready(t)
			closed := l.count("CALL_CLOSED")
			l.Phone(t, tt.line, words("offhook wait tone:dial "+tt.how+" wait talk")...)
			if c := l.status(t).Lines[tt.line-1].Calls; len(c) != 1 || c[0].Codec != line.codec || c[0].Number != bareUser {
				t.Errorf("calls = %+v, want one to %s in %s", c, bareUser, line.codec)
			}
			l.Phone(t, tt.line, "onhook")
			peer.Eventually(t, 5*time.Second, "baresip sees the end", func() bool { return l.count("CALL_CLOSED") == closed+1 })
		})
	}
}

// in has baresip call the telephone; each side hangs up once, and once the
// caller gives up while it rings.
func (l *lab) in(t *testing.T) {
	for n, line := range labLines[:2] {
		t.Run(line.transport+" "+line.codec, func(t *testing.T) {
			l.ready(t)
			n++
			l.call(t, n)
			l.Phone(t, n, words("wait ringing offhook wait talk onhook")...)
			l.idle(t)

			l.call(t, n)
			l.Phone(t, n, words("wait ringing offhook wait talk")...)
			l.do(t, "hangup", "")
			l.Phone(t, n, append(l.farEndGone(), "onhook")...)
			l.idle(t)

			l.call(t, n)
			l.Phone(t, n, "wait", "ringing")
			l.do(t, "hangup", "")
			l.Phone(t, n, "wait", "silent")
		})
	}
}

// failures calls numbers that Kamailio refuses: each status has its tone.
func (l *lab) failures(t *testing.T) {
	l.ready(t)
	tests := []struct{ number, tone string }{
		{"9486", "busy"},
		{"9600", "busy"},
		{"9603", "busy"},
		{"9404", "sit"},
		{"9503", "sit"},
		{"9480", "reorder"},
		{"9500", "reorder"},
		{"1999", "reorder"}, // nobody registered: 480
	}
	var group sync.WaitGroup
	for n := 1; n <= lines; n++ {
		group.Go(func() {
			for i := n - 1; i < len(tests); i += lines {
				tt := tests[i]
				_, err := l.TryPhone(n, "offhook", "wait", "tone:dial", "dial", tt.number, "wait", "tone:"+tt.tone, "onhook", "pause", "1500ms")
				if err != nil {
					t.Errorf("%s: %v", tt.number, err)
				}
			}
		})
	}
	group.Wait()
}

// busy calls a telephone that is off hook, in its own law.
func (l *lab) busy(t *testing.T) {
	l.ready(t)
	l.Phone(t, 2, words("offhook wait tone:dial")...)
	l.Phone(t, 3, words("offhook wait tone:dial dial "+userOf(2)+" wait tone:busy")...)
}

// hold has the far end hold the call and take it back.
func (l *lab) hold(t *testing.T) {
	l.ready(t)
	l.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
	l.do(t, "hold", "")
	l.Phone(t, 1, words("wait silent -timeout 5s")...)
	l.do(t, "resume", "")
	l.Phone(t, 1, words("wait talk -timeout 5s")...)
}

// second has the telephone hold the call by a flash, hear a second dial tone and
// go back by another.
func (l *lab) second(t *testing.T) {
	l.ready(t)
	l.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk flash 300 wait tone:dial flash 300 wait talk -timeout 5s")...)
	if c := l.status(t).Lines[0].Calls; len(c) != 1 {
		t.Errorf("calls = %+v, want the one that was held", c)
	}
}

// keys sends keys both ways as telephone events.
func (l *lab) keys(t *testing.T) {
	l.ready(t)
	l.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk dial 5#0")...)
	for _, key := range []string{"5", "#", "0"} {
		peer.Eventually(t, 5*time.Second, "baresip got key "+key, func() bool { return l.has("CALL_DTMF_START", key) })
	}
	l.do(t, "sndcode", "7")
	peer.Eventually(t, 5*time.Second, "the telephone hears key 7", func() bool {
		_, keys, _ := strings.Cut(l.Phone(t, 1, "state"), "keys ")
		return strings.HasPrefix(strings.TrimPrefix(keys, ownKeys(l.wires())), "7")
	})
}

// ownKeys are the keys that a telephone hears of those pressed before: none by
// wire, where they are its own tones, all on a handset, where they sound in the
// ear.
func ownKeys(wires bool) string {
	if wires {
		return ""
	}
	return "20015#0"
}
