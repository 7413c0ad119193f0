package si321x_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// transcript records what goes over a bus, one line per register access.
// Accesses through DR28..31 are joined to one indirect access, repeated reads to
// one line with the time they took.
type transcript struct {
	spi.Conn
	out    bytes.Buffer
	start  time.Time
	lo, hi byte
	last   string // read being repeated
	began  time.Time
	count  int
	err    error
}

type transcriptPort struct {
	spi.Port
	to *transcript
}

func (p transcriptPort) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	var err error
	p.to.Conn, err = p.Port.Connect(f, m, bits)
	p.to.start = time.Now()
	return p.to, err
}

func (r *transcript) TxPackets(p []spi.Packet) error {
	err := r.Conn.TxPackets(p)
	if len(p) != 2 || len(p[0].W) != 1 || len(p[1].W) != 1 || p[0].KeepCS || p[1].KeepCS {
		r.err = fmt.Errorf("%d packets are not two bytes with a chip select each", len(p))
		return err
	}
	r.access(p[0].W[0], p[1].W[0], p[1].R[0])
	return err
}

func (r *transcript) access(command, data, answer byte) {
	n := command & 0x7F
	switch {
	case n == 31:
	case command == 28:
		r.lo = data
	case command == 29:
		r.hi = data
	case command == 30:
		r.line(fmt.Sprintf("write IR%-3d %02X%02X", data, r.hi, r.lo))
	case n == 28 || n == 29:
	case command&0x80 == 0:
		r.line(fmt.Sprintf("write DR%-3d %02X", n, data))
	default:
		r.read(n, answer)
	}
}

// read joins reads of one register.
func (r *transcript) read(n, answer byte) {
	head := fmt.Sprintf("read  DR%-3d", n)
	if head == r.last {
		r.count++
		r.out.Truncate(bytes.LastIndexByte(r.out.Bytes()[:r.out.Len()-1], '\n') + 1)
		fmt.Fprintf(&r.out, "%s %02X after %d reads in %v\n", head, answer, r.count, time.Since(r.began))
		return
	}
	r.line(fmt.Sprintf("%s %02X", head, answer))
	r.last, r.began, r.count = head, time.Now(), 1
}

func (r *transcript) line(s string) {
	r.last = ""
	fmt.Fprintln(&r.out, s)
}

// TestPowerUpTranscript compares every access of power-up with a reviewed
// transcript: the order of the steps is what the data sheet asks for.
func TestPowerUpTranscript(t *testing.T) {
	for _, tt := range []struct {
		name  string
		model model.Opts
		opts  si321x.Opts
	}{
		{"si3215", model.Opts{Variant: model.Si3215, Seed: 1}, si321x.Opts{}},
		{"si3210-si3201", model.Opts{Variant: model.Si3210M, Si3201: true, Seed: 1}, si321x.Opts{Si3201: true, TxStart: 16, RxStart: 16}},
		{"si3211", model.Opts{Variant: model.Si3211, Seed: 1}, si321x.Opts{Variant: si321x.Si3211, Companding: si321x.MuLaw}},
		{"si3216-saved", model.Opts{Variant: model.Si3216, Seed: 1}, si321x.Opts{
			Variant:     si321x.Si3216,
			Calibration: &si321x.Calibration{Part: si321x.Si3216, Revision: 5, Results: [10]byte{16, 17, 18, 19, 20, 21, 22, 23, 24, 8}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &transcript{}
			s := setup{model: tt.model, opts: tt.opts, port: func(p spi.Port) spi.Port { return transcriptPort{p, r} }}
			inBubble(t, s, func(b *bench) {
				b.want(slic.Ready, "", 10*time.Second)
				time.Sleep(50 * time.Millisecond)
				b.dev.SetFeed(slic.Forward)
				time.Sleep(time.Millisecond)
			})
			if r.err != nil {
				t.Error(r.err)
			}
			compare(t, filepath.Join("testdata", "powerup-"+tt.name+".txt"), r.out.String())
		})
	}
}

// compare checks got against a file and rewrites the file with -update.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s:%d: %q, want %q", file, i+1, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s: %d lines, want %d", file, len(g), len(w))
	}
}
