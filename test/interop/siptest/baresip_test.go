//go:build interop

// Package siptest_test proves the embedded registrar against telephones that
// are not ours: two baresip processes register and call each other through it.
package siptest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

const patience = 20 * time.Second

// phone is a running baresip.
type phone struct {
	t       *testing.T
	control string
	out     output
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

const config = `
poll_method		epoll
sip_listen		%[1]s
call_max_calls		4
audio_path		%[4]s
audio_source		aufile,%[4]s/tone.wav
ausrc_srate		8000
auplay_srate		8000
ausrc_channels		1
auplay_channels		1
rtp_ports		%[2]s
net_interface		127.0.0.1
module_path		/usr/lib/baresip/modules
module			g711.so
module			aufile.so
module_tmp		uuid.so
module_tmp		account.so
module_app		menu.so
module_app		ctrl_tcp.so
ctrl_tcp_listen		%[3]s
`

const account = `<sip:%[1]s@ata.test>;outbound="sip:%[2]s;transport=udp";auth_user=%[1]s;auth_pass=secret-%[1]s;answermode=auto;regint=60;audio_codecs=PCMU/8000/1;ptime=20
`

func startPhone(t *testing.T, name, rtpPorts string, server *siptest.Registrar) *phone {
	t.Helper()
	p := &phone{t: t, control: free(t, "tcp")}
	dir := t.TempDir()
	for file, text := range map[string]string{
		"config":   fmt.Sprintf(config, free(t, "udp"), rtpPorts, p.control, dir),
		"accounts": fmt.Sprintf(account, name, server.Addr()),
		"contacts": "",
		"tone.wav": tone(),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("baresip", "-f", dir)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir)
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop(cmd)
		if t.Failed() {
			t.Logf("%s:\n%s", name, p.out.String())
		}
	})
	await(t, name+" registered", func() bool { return len(server.Bindings(name)) == 1 })
	return p
}

// tone is a minute of 400 Hz as a WAV file: 8 kHz, 16 bits, one channel.
func tone() string {
	period := make([]int16, 20)
	for i := range period {
		period[i] = int16(8000 * math.Sin(2*math.Pi*float64(i)/20))
	}
	var b bytes.Buffer
	const samples = 60 * 8000
	for _, v := range []any{
		[]byte("RIFF"), uint32(36 + 2*samples), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(8000), uint32(16000), uint16(2), uint16(16), []byte("data"), uint32(2 * samples),
	} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	for range samples / len(period) {
		binary.Write(&b, binary.LittleEndian, period)
	}
	return b.String()
}

// stop lets baresip take its registration back, and ends it if it does not.
func stop(cmd *exec.Cmd) {
	cmd.Process.Signal(os.Interrupt)
	force := time.AfterFunc(3*time.Second, func() { cmd.Process.Kill() })
	defer force.Stop()
	cmd.Wait()
}

func free(t *testing.T, network string) string {
	t.Helper()
	if network == "tcp" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// do gives baresip a command: JSON in a netstring over TCP.
func (p *phone) do(command, params string) {
	p.t.Helper()
	c, err := net.Dial("tcp", p.control)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	text, err := json.Marshal(map[string]string{"command": command, "params": params, "token": "t"})
	if err != nil {
		p.t.Fatal(err)
	}
	fmt.Fprintf(c, "%d:%s,", len(text), text)
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 4096)); err != nil {
		p.t.Fatalf("%s: %v", command, err)
	}
}

func (p *phone) says(text string) func() bool {
	return func() bool { return strings.Contains(p.out.String(), text) }
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("not within %v: %s", patience, what)
}

func TestBaresipCallsBaresip(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var trace output
	server, err := siptest.NewRegistrar(conn, siptest.Opts{
		Users:  map[string]string{"ann": "secret-ann", "ben": "secret-ben"},
		Logger: slog.New(slog.NewTextHandler(&trace, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := server.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		served.Wait()
		if t.Failed() {
			t.Log(trace.String())
		}
	})

	ann := startPhone(t, "ann", "31000-31020", server)
	ben := startPhone(t, "ben", "31100-31120", server)

	ann.do("dial", "sip:ben@ata.test")
	await(t, "call up at ann's", ann.says("Call established"))
	await(t, "call up at ben's", ben.says("Call established"))
	time.Sleep(500 * time.Millisecond) // some voice, straight between the two
	ben.do("hangup", "")
	await(t, "call over at ann's", ann.says("session closed"))

	ben.do("dial", "sip:9486@ata.test")
	await(t, "busy number", ben.says("486"))
}
