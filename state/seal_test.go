package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

var testKey = bytes.Repeat([]byte{7}, keySize)

func TestSeal(t *testing.T) {
	sealed, err := Seal(testKey, "a", []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Error("the secret can be read")
	}
	if plain, err := Unseal(testKey, "a", sealed); err != nil || string(plain) != "hunter2" {
		t.Errorf("Unseal = %q, %v", plain, err)
	}
	again, _ := Seal(testKey, "a", []byte("hunter2"))
	if bytes.Equal(sealed, again) {
		t.Error("equal secrets look equal")
	}
	if _, err := Unseal(testKey, "b", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("under another name: %v", err)
	}
	other := bytes.Repeat([]byte{8}, keySize)
	if _, err := Unseal(other, "a", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("under another key: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := Unseal(testKey, "a", changed); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Unseal(testKey, "a", sealed[:i]); !errors.Is(err, ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := Seal([]byte("short"), "a", nil); err == nil {
		t.Error("a short key was taken")
	}
}

func TestMarkNeedsTheKey(t *testing.T) {
	a, _ := mark(testKey, []byte("x"))
	b, _ := mark(testKey, []byte("x"))
	c, _ := mark(bytes.Repeat([]byte{8}, keySize), []byte("x"))
	if a != b || a == c {
		t.Errorf("marks %s %s, under another key %s", a, b, c)
	}
}

func FuzzUnseal(f *testing.F) {
	sealed, err := Seal(testKey, "a", []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte(sealMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if plain, err := Unseal(testKey, "a", data); err == nil && !bytes.Equal(data, sealed) {
			t.Errorf("%x opened to %q", data, plain)
		}
	})
}

func TestCredential(t *testing.T) {
	dir := t.TempDir()
	if _, err := Credential(dir); err == nil {
		t.Error("a keeper without a credential")
	}
	put := func(secret string) {
		if err := os.WriteFile(filepath.Join(dir, credentialFile), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("short")
	if _, err := Credential(dir); !errors.Is(err, errShort) {
		t.Errorf("a short credential: %v", err)
	}
	put("a credential of more than 32 bytes")
	k, err := Credential(dir)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := k.Wrap(testKey)
	if err != nil || bytes.Contains(wrapped, testKey) {
		t.Fatalf("wrapped %x, %v", wrapped, err)
	}
	if key, err := k.Unwrap(wrapped); err != nil || !bytes.Equal(key, testKey) {
		t.Errorf("Unwrap = %x, %v", key, err)
	}
	put("another credential of more than 32 bytes")
	other, err := Credential(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Unwrap(wrapped); !errors.Is(err, ErrSealed) {
		t.Errorf("by another credential: %v", err)
	}
}
