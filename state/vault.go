package state

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// keyFile holds the data key as its keeper wrapped it.
const keyFile = "key"

// ErrKeyLost says that the data key cannot be had: its keeper is another one or
// not there, as when the folder was copied to another device. What is sealed
// stays as it is; a wipe makes room for a new key.
var ErrKeyLost = errors.New("state: the data key cannot be had")

// Vault is the part of the folder that is sealed. It is safe for use by one
// goroutine at a time, a [Document] of it too.
type Vault struct {
	folder folder
	key    []byte
	keeper string
	passed error
}

// wrappedKey is the content of the key file.
type wrappedKey struct {
	Version int       `json:"version"`
	Keeper  string    `json:"keeper"`
	Wrapped []byte    `json:"wrapped"`
	Made    time.Time `json:"made"`
}

// Vault opens the sealed part of the folder. At first use it makes a data key
// and gives it to the first of the keepers, best first, that takes it. A wipe
// that was interrupted is finished before. The error is [ErrKeyLost] when none
// of the keepers has the key.
func (d Dir) Vault(keepers ...Keeper) (*Vault, error) {
	if _, err := d.ResumeWipe(keepers...); err != nil {
		return nil, err
	}
	if err := d.tidy(); err != nil {
		return nil, err
	}
	return openVault(d, keepers)
}

func openVault(f folder, keepers []Keeper) (*Vault, error) {
	w, err := readKey(f)
	if errors.Is(err, fs.ErrNotExist) {
		return newVault(f, keepers)
	}
	if err != nil {
		return nil, err
	}
	for _, k := range keepers {
		if k.Name() != w.Keeper {
			continue
		}
		key, err := k.Unwrap(w.Wrapped)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKeyLost, err)
		}
		return &Vault{folder: f, key: key, keeper: w.Keeper}, nil
	}
	return nil, fmt.Errorf("%w: it was given to the keeper %q", ErrKeyLost, w.Keeper)
}

func readKey(f folder) (*wrappedKey, error) {
	data, err := f.read(keyFile)
	if err != nil {
		return nil, err
	}
	w := &wrappedKey{}
	if err := json.Unmarshal(data, w); err != nil || w.Version != 1 {
		return nil, fmt.Errorf("%w: the key file is damaged", ErrKeyLost)
	}
	return w, nil
}

func newVault(f folder, keepers []Keeper) (*Vault, error) {
	v := &Vault{folder: f, key: make([]byte, keySize)}
	_, _ = rand.Read(v.key) // never fails
	for _, k := range keepers {
		wrapped, err := k.Wrap(v.key)
		if err != nil {
			v.passed = errors.Join(v.passed, fmt.Errorf("keeper %s: %w", k.Name(), err))
			continue
		}
		v.keeper = k.Name()
		data, err := json.Marshal(wrappedKey{1, k.Name(), wrapped, time.Now().UTC()})
		if err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		return v, f.write(keyFile, append(data, '\n'))
	}
	return nil, fmt.Errorf("state: no keeper takes the data key: %w", v.passed)
}

// Keeper names the keeper of the data key.
func (v *Vault) Keeper() string { return v.keeper }

// Passed says why keepers before the one in use did not take the key when it
// was made, nil if there is nothing to say.
func (v *Vault) Passed() error { return v.passed }

// WriteFile seals data and replaces a file of the folder as Dir.WriteFile does.
func (v *Vault) WriteFile(name string, data []byte) error {
	sealed, err := Seal(v.key, name, data)
	if err != nil {
		return err
	}
	return v.folder.write(name, sealed)
}

// ReadFile returns what WriteFile was given.
func (v *Vault) ReadFile(name string) ([]byte, error) {
	sealed, err := v.folder.read(name)
	if err != nil {
		return nil, fmt.Errorf("state: read %s: %w", name, err)
	}
	plain, err := Unseal(v.key, name, sealed)
	if err != nil {
		return nil, fmt.Errorf("state: read %s: %w", name, err)
	}
	return plain, nil
}
