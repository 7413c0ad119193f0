package crypt

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// vector is a line of testdata/vectors.tsv.
type vector struct {
	name, key   string
	plain, file []byte
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 4 {
			all = append(all, vector{f[0], f[1], decode(t, f[2]), decode(t, f[3])})
		}
	}
	if len(all) != 8 {
		t.Fatalf("%d vectors, want 8", len(all))
	}
	return all
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			got, err := v.open(v.key)
			if err != nil || !bytes.Equal(got, v.plain) {
				t.Errorf("opened = %q, %v, want %q", got, err, v.plain)
			}
		})
	}
}

// open decrypts the file as its name says.
func (v vector) open(key string) ([]byte, error) {
	switch {
	case strings.HasPrefix(v.name, "openssl"):
		return OpenSSL(v.file, key)
	case strings.HasPrefix(v.name, "obi"):
		hexKey, hexIV, _ := strings.Cut(strings.TrimPrefix(key, "key="), " iv=")
		k, err := hex.DecodeString(hexKey)
		if err != nil {
			return nil, err
		}
		iv, err := hex.DecodeString(hexIV)
		if err != nil {
			return nil, err
		}
		return CBC(v.file, k, iv)
	}
	_, secret, _ := strings.Cut(key, "=")
	k, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	return AES128GCM(v.file, k)
}

func TestWrongKey(t *testing.T) {
	for _, v := range vectors(t) {
		wrong := "SecretPhrase1235"
		switch {
		case strings.HasPrefix(v.name, "obi"):
			wrong = strings.Replace(v.key, "key=12", "key=13", 1)
		case strings.HasPrefix(v.name, "rfc8188"):
			wrong = strings.Replace(v.key, "yqdl", "yqdm", 1)
		}
		if got, err := v.open(wrong); !errors.Is(err, ErrKey) {
			t.Errorf("%s: opened with another key: %q, %v, want ErrKey", v.name, got, err)
		}
	}
}

func TestOpen(t *testing.T) {
	const text = "<flat-profile/>"
	packed := pack(t, []byte(text))
	for _, v := range vectors(t) {
		if !strings.HasPrefix(v.name, "openssl") {
			continue
		}
		want := v.plain
		if IsGzip(want) {
			var err error
			if want, err = Gunzip(want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := Open(v.file, "another", v.key); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: Open = %q, %v, want %q", v.name, got, err, want)
		}
		if _, err := Open(v.file); !errors.Is(err, ErrKey) {
			t.Errorf("%s: Open without key: %v, want ErrKey", v.name, err)
		}
	}
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": packed, "gzip twice": pack(t, packed)} {
		if got, err := Open(data); err != nil || string(got) != text {
			t.Errorf("%s: Open = %q, %v, want %q", name, got, err, text)
		}
	}
}

func pack(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBombs(t *testing.T) {
	for name, data := range map[string][]byte{
		"ratio":    pack(t, make([]byte, 900<<10)),
		"size":     pack(t, make([]byte, 64<<20)),
		"unpacked": make([]byte, MaxSize+1),
	} {
		if _, err := Open(data); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: Open: %v, want ErrTooLarge", name, err)
		}
	}
	// What a file of this kind really shrinks to is let through.
	var text strings.Builder
	for n := range 20000 {
		fmt.Fprintf(&text, "<P%d>%d</P%d>\n", n, n*n%4099, n)
	}
	if got, err := Gunzip(pack(t, []byte(text.String()))); err != nil || len(got) != text.Len() {
		t.Errorf("a large file: %d bytes, %v", len(got), err)
	}
}

func TestDamaged(t *testing.T) {
	for _, v := range vectors(t) {
		for n := range v.file {
			cut := vector{v.name, v.key, v.plain, v.file[:n]}
			if got, err := cut.open(v.key); err == nil {
				t.Errorf("%s: cut to %d bytes: %q, want an error", v.name, n, got)
			}
		}
	}
}

func TestAES128GCMRecords(t *testing.T) {
	secret := []byte("a secret that both know")
	for _, tt := range []struct {
		name string
		body []byte
		ok   bool
	}{
		{"one record", seal(t, secret, 100, "short\x02"), true},
		{"padded", seal(t, secret, 100, "short\x02\x00\x00"), true},
		{"two records", seal(t, secret, 22, "short\x01", "er\x02"), true},
		{"cut after a record", seal(t, secret, 22, "short\x01"), false},
		{"more after the last", seal(t, secret, 22, "short\x02", "er\x02"), false},
		{"no delimiter", seal(t, secret, 22, "\x00\x00"), false},
		{"record too small", seal(t, secret, 17, "\x02"), false},
	} {
		if got, err := AES128GCM(tt.body, secret); (err == nil) != tt.ok {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

// seal makes a body of records, delimiters included.
func seal(t *testing.T, secret []byte, size byte, texts ...string) []byte {
	t.Helper()
	salt := []byte("sixteen bytes ..")
	r, err := newRecords(secret, salt)
	if err != nil {
		t.Fatal(err)
	}
	body := append(bytes.Clone(salt), 0, 0, 0, size, 3, 'k', 'i', 'd')
	for n, text := range texts {
		nonce := bytes.Clone(r.nonce)
		nonce[11] ^= byte(n)
		body = r.aead.Seal(body, nonce, []byte(text), nil)
	}
	return body
}

func FuzzOpen(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.file, v.key)
	}
	f.Add(pack(f, []byte("<a/>")), "")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		plain, err := Open(data, key)
		if err == nil && len(plain) > MaxSize {
			t.Errorf("%d bytes came of %d", len(plain), len(data))
		}
		if plain, err := AES128GCM(data, []byte(key)); err == nil && len(plain) > len(data) {
			t.Errorf("%d bytes came of %d", len(plain), len(data))
		}
	})
}
