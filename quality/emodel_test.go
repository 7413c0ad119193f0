package quality

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// row is a line of testdata/emodel.tsv.
type row struct {
	ta, telr, ie, bpl, ppl, burstR float64
	id, ieEff, r, mos              float64
}

func rows(t *testing.T) (list []row) {
	t.Helper()
	f, err := os.Open("testdata/emodel.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var r row
		if _, err := fmt.Sscan(s.Text(), &r.ta, &r.telr, &r.ie, &r.bpl, &r.ppl, &r.burstR, &r.id, &r.ieEff, &r.r, &r.mos); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		list = append(list, r)
	}
	return list
}

func TestGoldenRows(t *testing.T) {
	list := rows(t)
	if len(list) != 310 {
		t.Fatalf("%d rows, want 310", len(list))
	}
	var worstR, worstMOS float64
	for _, want := range list {
		p := DefaultPath()
		p.Ta = time.Duration(want.ta * float64(time.Millisecond))
		p.T, p.Tr = p.Ta, 2*p.Ta
		p.TELR, p.Codec, p.Ppl, p.BurstR = want.telr, Codec{want.ie, want.bpl}, want.ppl, want.burstR
		got := p.Rate()
		mos := MOS(got.R)
		worstR = max(worstR, math.Abs(got.R-want.r))
		worstMOS = max(worstMOS, math.Abs(mos-want.mos))
		if math.Abs(got.R-want.r) > 0.01 || math.Abs(mos-want.mos) > 0.001 ||
			math.Abs(got.Id-want.id) > 0.001 || math.Abs(got.IeEff-want.ieEff) > 0.001 ||
			math.Abs(got.Ro-94.7688) > 0.001 || math.Abs(got.Is-1.4136) > 0.001 {
			t.Errorf("%+v: got %+v, MOS %.4f", want, got, mos)
		}
	}
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	bars.Check(t, "golden rows, worst error of R", worstR, 0.0005, "")
	bars.Check(t, "golden rows, worst error of MOS", worstMOS, 0.0001, "")
}

// TestDirections checks each input that the rows leave at its default: what must
// be worse is worse.
func TestDirections(t *testing.T) {
	best := DefaultPath().Rate().R
	for _, tt := range []struct {
		name   string
		change func(p *Path)
		better bool
	}{
		{"loud room here", func(p *Path) { p.Pr = 60 }, false},
		{"loud room there", func(p *Path) { p.Ps = 60 }, false},
		{"noisy circuit", func(p *Path) { p.Nc = -50 }, false},
		{"noise floor", func(p *Path) { p.Nfor = -50 }, false},
		{"faint", func(p *Path) { p.SLR = 18 }, false},
		{"too loud", func(p *Path) { p.SLR, p.RLR = 0, -5 }, false},
		{"sidetone too loud", func(p *Path) { p.STMR = 5 }, false},
		{"sidetone too faint, with echo", func(p *Path) { p.STMR, p.T, p.TELR = 21, 50*time.Millisecond, 45 }, false},
		{"many conversions", func(p *Path) { p.QDU = 14 }, false},
		{"loop", func(p *Path) { p.WEPL, p.Tr = 20, 100*time.Millisecond }, false},
		{"codec", func(p *Path) { p.Codec = G729A }, false},
		{"little directivity", func(p *Path) { p.Ds = -3 }, false},
		{"little directivity here", func(p *Path) { p.Dr, p.Pr = -3, 60 }, false},
		{"mobile", func(p *Path) { p.A = 10 }, true},
	} {
		p := DefaultPath()
		tt.change(&p)
		if r := p.Rate().R; (r > best) != tt.better || math.Abs(r-best) < 0.01 {
			t.Errorf("%s: R %.2f, default %.2f", tt.name, r, best)
		}
	}
	patient, hasty := DefaultPath(), DefaultPath()
	patient.Ta, hasty.Ta = 300*time.Millisecond, 300*time.Millisecond
	patient.MT, patient.ST = 150*time.Millisecond, 0.55
	if p, h := patient.Rate(), hasty.Rate(); p.Id >= h.Id || p.Id <= 0 {
		t.Errorf("Id %.2f for the patient, %.2f for the hasty", p.Id, h.Id)
	}
}

func TestMOS(t *testing.T) {
	for _, tt := range []struct{ r, want float64 }{
		{-10, 1},
		{0, 1},
		{3, 0.9884},
		{6.55, 1},
		{50, 2.575},
		{60, 3.1},
		{80, 4.024},
		{93.2, 4.409},
		{100, 4.5},
		{120, 4.5},
		{math.NaN(), 1},
		{math.Inf(1), 4.5},
		{math.Inf(-1), 1},
	} {
		if got := MOS(tt.r); math.Abs(got-tt.want) > 0.001 {
			t.Errorf("MOS(%v) = %.4f, want %v", tt.r, got, tt.want)
		}
	}
	for r := 7.; r < 100; r++ {
		if MOS(r) < MOS(r-1) {
			t.Errorf("MOS(%v) = %v falls", r, MOS(r))
		}
	}
}

// FuzzRate feeds the E-model every kind of number.
func FuzzRate(f *testing.F) {
	f.Add(8., 2., 15., 65., 110., 1., 0., 25.1, 1., 1., int64(0), int64(0))
	f.Add(math.NaN(), math.Inf(1), math.Inf(-1), math.NaN(), 0., 0., math.NaN(), 0., 0., 0., int64(math.MaxInt64), int64(math.MinInt64))
	f.Add(-1e300, 1e300, -20., -20., -7., -1., -5., -4.3, 4.3, -1., int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i, j, k float64, m, n int64) {
		for turn := range 4 {
			p := Path{
				SLR: a, RLR: b, STMR: c, TELR: d, WEPL: e, QDU: g, Codec: Codec{h, i}, Ppl: j, BurstR: k,
				Ds: a, Dr: b, Nc: c, Nfor: d, Ps: e, Pr: g, A: h, ST: k,
				T: time.Duration(m), Ta: time.Duration(n), Tr: time.Duration(m), MT: time.Duration(n),
			}
			r := p.Rate()
			for _, v := range []float64{r.Ro, r.Is, r.Id, r.IeEff, r.R} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%+v: %+v", p, r)
				}
			}
			if mos := MOS(r.R); mos < 0.988 || mos > 4.5 {
				t.Fatalf("MOS(%v) = %v", r.R, mos)
			}
			if turn%2 == 0 {
				a, c, d, e, g, h, i, j, k = k, a, c, d, e, g, h, i, j
			} else {
				m, n = n, m
			}
		}
	})
}

func BenchmarkRate(b *testing.B) {
	p := DefaultPath()
	p.Ta, p.T, p.Ppl = 150*time.Millisecond, 150*time.Millisecond, 3
	for b.Loop() {
		p.Rate()
	}
}
