package sign

import (
	"crypto/rand"
	"errors"
	"os"
	"testing"

	"aead.dev/minisign"
)

func newKey(t *testing.T) (string, minisign.PrivateKey) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := public.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(text), private
}

func TestVerify(t *testing.T) {
	mine, private := newKey(t)
	other, stranger := newKey(t)
	document := []byte(`{"generation": 4}`)
	keys, err := ParseKeys([]string{other, mine})
	if err != nil {
		t.Fatal(err)
	}
	sig := minisign.SignWithComments(private, document, "generation 4", "untrusted")
	if comment, err := keys.Verify(document, sig); err != nil || comment != "generation 4" {
		t.Errorf("Verify = %q, %v", comment, err)
	}
	for name, tt := range map[string]struct {
		keys      Keys
		document  string
		signature []byte
	}{
		"other document": {keys, `{"generation": 5}`, sig},
		"other key":      {keys[:1], string(document), sig},
		"no key":         {nil, string(document), sig},
		"no signature":   {keys, string(document), nil},
		"a stranger's":   {keys[1:], string(document), minisign.Sign(stranger, document)},
		"too long":       {keys, string(document), append(sig, make([]byte, maxSignature)...)},
	} {
		if _, err := tt.keys.Verify([]byte(tt.document), tt.signature); !errors.Is(err, ErrNotSigned) {
			t.Errorf("%s: %v, want ErrNotSigned", name, err)
		}
	}
	if _, err := keys.Verify(document, []byte("untrusted comment: x\nnonsense\n")); err == nil {
		t.Error("nonsense was taken for a signature")
	}
}

func TestParseKeys(t *testing.T) {
	if _, err := ParseKeys([]string{"RWQ"}); err == nil {
		t.Error("half a key was taken")
	}
}

func FuzzVerify(f *testing.F) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	document := []byte("document")
	f.Add(minisign.Sign(private, document))
	keys := Keys{public}
	f.Fuzz(func(t *testing.T, signature []byte) {
		if _, err := keys.Verify([]byte("another"), signature); err == nil {
			t.Error("a signature for another document")
		}
	})
}

// What Debian's minisign 0.11 signed.
func TestOfTheTool(t *testing.T) {
	document, err := os.ReadFile("testdata/d.json")
	if err != nil {
		t.Fatal(err)
	}
	signature, err := os.ReadFile("testdata/d.json.minisig")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys([]string{"RWSp903t68Z7W7ZiI5st7HzW8MneYEdm+3R2+2MyhQ3Hsj5juFDwwEL3"})
	if err != nil {
		t.Fatal(err)
	}
	if comment, err := keys.Verify(document, signature); err != nil || comment != "generation 9" {
		t.Errorf("Verify = %q, %v", comment, err)
	}
}
