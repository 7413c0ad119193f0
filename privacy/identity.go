package privacy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/ata-agent/ata-agent/state"
)

const (
	keyFile = "pseudonym.key"
	keySize = 32
)

// Identity makes pseudonyms of a key that never leaves the device. Whoever has
// two pseudonyms can tell whether they stand for the same, and nothing else. A
// new key, at a reset or at the owner's wish, ends that too.
type Identity struct {
	dir state.Dir
	key atomic.Pointer[[keySize]byte]
}

// OpenIdentity reads the key, or makes it on first use.
func OpenIdentity(home state.Dir) (*Identity, error) {
	dir, err := state.Open(home.Path("privacy"))
	if err != nil {
		return nil, fmt.Errorf("privacy: %w", err)
	}
	id := &Identity{dir: dir}
	data, err := os.ReadFile(dir.Path(keyFile))
	switch {
	case err == nil && len(data) == keySize:
		id.key.Store((*[keySize]byte)(data))
		return id, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("privacy: read key: %w", err)
	}
	return id, id.Renew()
}

// Renew makes a new key: what was sent before cannot be connected with what is
// sent after.
func (id *Identity) Renew() error {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails
	id.key.Store(&key)
	return id.dir.WriteFile(keyFile, key[:])
}

// Installation names this device to receivers: 32 hexadecimal digits.
func (id *Identity) Installation() string { return hex.EncodeToString(id.mac("installation", "")[:16]) }

// Pseudonym stands for a number or name: 16 letters from a to p, no digits, so
// that it cannot be taken for a number.
func (id *Identity) Pseudonym(s string) string {
	out := make([]byte, 0, 16)
	for _, b := range id.mac("name", s)[:8] {
		out = append(out, 'a'+b>>4, 'a'+b&15)
	}
	return string(out)
}

func (id *Identity) mac(use, s string) []byte {
	h := hmac.New(sha256.New, id.key.Load()[:])
	h.Write([]byte(use + "\x00" + s))
	return h.Sum(nil)
}
