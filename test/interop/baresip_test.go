//go:build interop

package interop

import (
	"bufio"
	_ "embed" // the configuration
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

//go:embed testdata/baresip.config
var baresipConfig string

// baresip is a telephone of another make.
type baresip struct {
	*peer.Process
	run  string
	port int // of SIP
	rtp  int // first port of RTP
	ctrl net.Conn

	mu     sync.Mutex
	events []baresipEvent
}

type baresipEvent struct {
	Event bool   `json:"event"`
	Type  string `json:"type"`
	Param string `json:"param"`
	Peer  string `json:"peeruri"`
}

type baresipOpts struct {
	codec string  // "PCMU" or "PCMA" [both, PCMU preferred]
	tx    []int16 // what it says [minutes of speech]

	user   string // [bareUser]
	secret string // SIP over TLS, and this of RTP: "srtp" or "srtp-mand" [UDP and plain RTP]
}

// account is the telephone's line at Kamailio.
func (o *baresipOpts) account(k *peer.Kamailio, codecs string) string {
	transport, port, media := "udp", k.Port, ""
	if o.secret != "" {
		transport, port, media = "tls", k.Secure, ";mediaenc="+o.secret
	}
	user := o.user
	if user == "" {
		user = bareUser
	}
	return fmt.Sprintf("<sip:%s@ata.test>;outbound=\"sip:127.0.0.1:%d;transport=%s\";auth_user=%s;auth_pass=%s;answermode=auto;regint=60;audio_codecs=%s;ptime=20%s\n",
		user, port, transport, user, barePassword, codecs, media)
}

// authority is the file of who vouches for Kamailio, if it is asked over TLS.
func (o *baresipOpts) authority(k *peer.Kamailio) string {
	if o.secret == "" {
		return ""
	}
	return k.CA
}

func startBaresip(t *testing.T, k *peer.Kamailio, o baresipOpts) *baresip {
	t.Helper()
	b := &baresip{run: t.TempDir(), port: peer.FreePort(t)}
	control := peer.FreePort(t)
	b.rtp = 33000 + b.port%300*20 // above the agent's, below the ephemeral ones of most systems
	peer.Fill(t, baresipConfig, filepath.Join(b.run, "config"),
		map[string]any{"Port": b.port, "Run": b.run, "Control": control, "RTP": b.rtp, "RTPMax": b.rtp + 18, "CA": o.authority(k)})
	codecs := "PCMU/8000/1,PCMA/8000/1"
	if o.codec != "" {
		codecs = o.codec + "/8000/1"
	}
	peer.WriteFile(t, filepath.Join(b.run, "accounts"), []byte(o.account(k, codecs)))
	peer.WriteFile(t, filepath.Join(b.run, "contacts"), nil)
	if o.tx == nil {
		o.tx = voiceFile(t, "demo-instruct.wav")
	}
	peer.WriteFile(t, filepath.Join(b.run, "tx.wav"), wav(o.tx))
	peer.WriteFile(t, filepath.Join(b.run, "alert.wav"), wav(sine(440, -20, time.Second)))
	cmd := peer.Urgent("baresip", "-f", b.run)
	cmd.Dir, cmd.Env = b.run, append(os.Environ(), "HOME="+b.run)
	b.Process = peer.Start(t, "baresip", cmd)
	peer.Eventually(t, 15*time.Second, "baresip is registered", func() bool { return strings.Contains(b.Log.String(), "200 OK") })
	peer.Eventually(t, 5*time.Second, "baresip's control port", func() bool {
		var err error
		b.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", control))
		return err == nil
	})
	t.Cleanup(func() { b.ctrl.Close() })
	go b.read()
	return b
}

// do sends a command: dial, hangup, hold, resume, sndcode …
func (b *baresip) do(t *testing.T, command, params string) {
	t.Helper()
	msg, _ := json.Marshal(map[string]string{"command": command, "params": params, "token": "t"})
	if _, err := fmt.Fprintf(b.ctrl, "%d:%s,", len(msg), msg); err != nil {
		t.Fatal(err)
	}
}

// call has baresip call the telephone of line n.
func (b *baresip) call(t *testing.T, n int) {
	t.Helper()
	b.do(t, "dial", "sip:"+userOf(n)+"@ata.test")
}

// read collects the events, netstrings of JSON.
func (b *baresip) read() {
	r := bufio.NewReader(b.ctrl)
	for {
		var n int
		if _, err := fmt.Fscanf(r, "%d:", &n); err != nil || n > 1<<16 {
			return
		}
		buf := make([]byte, n+1)
		if _, err := io.ReadFull(r, buf); err != nil {
			return
		}
		var e baresipEvent
		if json.Unmarshal(buf[:n], &e) == nil && e.Event {
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
		}
	}
}

// count is how many events of a type came so far.
func (b *baresip) count(kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// has reports an event of a type whose parameter contains a text.
func (b *baresip) has(kind, param string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Type == kind && strings.Contains(e.Param, param) {
			return true
		}
	}
	return false
}

// heard is what baresip recorded of the last call: what the far end sent to it.
func (b *baresip) heard(t *testing.T) []int16 {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(b.run, "dump-*-dec.wav"))
	if err != nil || len(names) == 0 {
		t.Fatalf("baresip recorded nothing: %v %v", names, err)
	}
	return readWAV(t, names[len(names)-1])
}
