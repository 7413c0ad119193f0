package state

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Keeper keeps the data key while the device is off. Its methods may take as
// long as a chip needs, a second or two.
type Keeper interface {
	// Name is the word by which the key file remembers the keeper.
	Name() string
	// Wrap returns what the key file stores. Only this keeper can make the key
	// of it again.
	Wrap(key []byte) ([]byte, error)
	// Unwrap returns the key. Its error says what is missing.
	Unwrap(wrapped []byte) ([]byte, error)
	// Destroy makes wrapped useless as far as it is in the keeper's power, also
	// when that was done before.
	Destroy(wrapped []byte) error
}

// SoftwareName is the name of the keeper that protects nothing: whoever reads
// the folder has the key. Status and doctor say so.
const SoftwareName = "software"

// Software is the keeper of a device without anything better: the key itself is
// in the key file, readable by the agent's user alone. Destroying it is
// overwriting the file.
func Software() Keeper { return software{} }

type software struct{}

func (software) Name() string                          { return SoftwareName }
func (software) Wrap(key []byte) ([]byte, error)       { return bytes.Clone(key), nil }
func (software) Unwrap(wrapped []byte) ([]byte, error) { return bytes.Clone(wrapped), nil }
func (software) Destroy([]byte) error                  { return nil }

// CredentialName is the name of the keeper by a credential of the service
// manager, and of the credential's file.
const (
	CredentialName = "credential"
	credentialFile = "ata-agent.key"
)

// errShort refuses a credential that could be guessed.
var errShort = errors.New("shorter than 32 bytes")

// Credential is the keeper by a secret that the service manager hands over in
// dir, its $CREDENTIALS_DIRECTORY: the file ata-agent.key, at least 32 bytes,
// which LoadCredentialEncrypted= binds to the machine. It fails where there is
// none.
func Credential(dir string) (Keeper, error) {
	secret, err := os.ReadFile(filepath.Join(dir, credentialFile))
	if err != nil {
		return nil, fmt.Errorf("state: credential: %w", err)
	}
	if len(secret) < keySize {
		return nil, fmt.Errorf("state: credential %s: %w", credentialFile, errShort)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "ata-agent credential", keySize)
	if err != nil {
		return nil, fmt.Errorf("state: credential: %w", err)
	}
	return credential{key}, nil
}

type credential struct{ key []byte }

func (credential) Name() string                            { return CredentialName }
func (c credential) Wrap(key []byte) ([]byte, error)       { return Seal(c.key, "data key", key) }
func (c credential) Unwrap(wrapped []byte) ([]byte, error) { return Unseal(c.key, "data key", wrapped) }
func (credential) Destroy([]byte) error                    { return nil } // the credential is not ours
