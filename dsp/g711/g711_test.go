package g711

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"
)

// SHA-256 over the codes of all inputs, -32768 first, and over the decoded
// samples of all codes as little-endian words, as the ITU-T Software Tool
// Library (G.191) gives them.
var reference = []struct {
	law            Law
	encode, decode string
}{
	{
		ALaw,
		"38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
		"e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
	},
	{
		MuLaw,
		"90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c",
		"3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
	},
}

func allSamples() []int16 {
	all := make([]int16, 0, 1<<16)
	for s := math.MinInt16; s <= math.MaxInt16; s++ {
		all = append(all, int16(s))
	}
	return all
}

func allCodes() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return all
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestBitExact(t *testing.T) {
	for _, ref := range reference {
		t.Run(ref.law.String(), func(t *testing.T) {
			codes := make([]byte, 1<<16)
			Encode(ref.law, codes, allSamples())
			if got := hash(codes); got != ref.encode {
				t.Errorf("encode table has SHA-256 %s, want %s", got, ref.encode)
			}
			samples := make([]int16, 256)
			Decode(ref.law, samples, allCodes())
			var b bytes.Buffer
			if err := binary.Write(&b, binary.LittleEndian, samples); err != nil {
				t.Fatal(err)
			}
			if got := hash(b.Bytes()); got != ref.decode {
				t.Errorf("decode table has SHA-256 %s, want %s", got, ref.decode)
			}
		})
	}
}

func TestSamplesAgreeWithBlocks(t *testing.T) {
	for _, law := range []Law{ALaw, MuLaw} {
		codes := make([]byte, 1<<16)
		Encode(law, codes, allSamples())
		for i, s := range allSamples() {
			if got := EncodeSample(law, s); got != codes[i] {
				t.Fatalf("%v: EncodeSample(%d) = %#x, Encode gives %#x", law, s, got, codes[i])
			}
		}
		samples := make([]int16, 256)
		Decode(law, samples, allCodes())
		for c, want := range samples {
			if got := DecodeSample(law, byte(c)); got != want {
				t.Fatalf("%v: DecodeSample(%#x) = %d, Decode gives %d", law, c, got, want)
			}
		}
	}
}

func TestCodesSurviveDecoding(t *testing.T) {
	const muNegativeZero = 0x7F // decodes to 0 as 0xFF does
	for _, law := range []Law{ALaw, MuLaw} {
		for _, c := range allCodes() {
			want := c
			if law == MuLaw && c == muNegativeZero {
				want = 0xFF
			}
			if got := EncodeSample(law, DecodeSample(law, c)); got != want {
				t.Errorf("%v: %#x decodes and encodes to %#x, want %#x", law, c, got, want)
			}
		}
		if s := DecodeSample(law, law.Silence()); s < 0 || s > 8 {
			t.Errorf("%v: silence decodes to %d", law, s)
		}
	}
}

// The tables of G.711 differ from decoding and encoding in few codes only, and
// there by one step.
func TestTranscode(t *testing.T) {
	for _, tt := range []struct {
		name     string
		table    *[256]byte
		from, to Law
		differ   int
		sha      string
	}{
		{"A to mu", &AToMu, ALaw, MuLaw, 32, "c1515c134eca6f1dd608e1bdf78e3e66c83d349952ab8b966ae41dad8f230c0a"},
		{"mu to A", &MuToA, MuLaw, ALaw, 44, "021355cc78820e9e43a87564118844f4b6e443f355675db65083435a181e3f61"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			differ := 0
			for c, got := range tt.table {
				direct := EncodeSample(tt.to, DecodeSample(tt.from, byte(c)))
				if got == direct {
					continue
				}
				differ++
				g, d := float64(DecodeSample(tt.to, got)), float64(DecodeSample(tt.to, direct))
				if step := math.Abs(d)/16 + 16; math.Abs(g-d) > step {
					t.Errorf("%#x becomes %v, more than a step from %v", c, g, d)
				}
			}
			if differ != tt.differ {
				t.Errorf("%d codes differ from decode and encode, want %d", differ, tt.differ)
			}
			if got := hash(tt.table[:]); got != tt.sha {
				t.Errorf("table has SHA-256 %s, want %s", got, tt.sha)
			}
		})
	}
}

func TestBlocksDoNotAllocate(t *testing.T) {
	samples, codes := make([]int16, 160), make([]byte, 160)
	if n := testing.AllocsPerRun(100, func() {
		Encode(ALaw, codes, samples)
		Decode(MuLaw, samples, codes)
	}); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

func BenchmarkG711(b *testing.B) {
	samples, codes := make([]int16, 160), make([]byte, 160)
	for i := range samples {
		samples[i] = int16(i * 397)
	}
	for _, law := range []Law{ALaw, MuLaw} {
		b.Run("encode/"+law.String(), func(b *testing.B) {
			for b.Loop() {
				Encode(law, codes, samples)
			}
		})
		b.Run("decode/"+law.String(), func(b *testing.B) {
			for b.Loop() {
				Decode(law, samples, codes)
			}
		})
	}
}
