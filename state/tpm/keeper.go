// Package tpm keeps the data key of the state folder by a TPM 2.0 chip.
//
// The chip holds a key of its own in a cell of its non-volatile memory, and the
// data key is sealed under that. Another chip cannot open it, and clearing the
// cell destroys the data key for good, whatever copies of the folder there are.
// The cell is read with a password that is in the key file, so it takes both,
// and over an encrypted session, so that the wires between processor and chip
// tell nothing.
package tpm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"

	"github.com/ata-agent/ata-agent/state"
)

// Name is the name of the keeper in the key file.
const Name = "tpm2"

const (
	keySize = 32 // bytes of the cell and of its password
	// The cells for owners (TCG Registry of Reserved TPM 2.0 Handles §2.2).
	firstCell, cells = 0x01800000, 0x400000
	// tries is how often another cell is drawn when one is taken.
	tries = 8
)

// Keeper is a state.Keeper. Each call talks to the chip and leaves nothing
// loaded in it.
type Keeper struct {
	open func() (transport.TPMCloser, error)
}

var _ state.Keeper = (*Keeper)(nil)

// Device is the keeper by a chip of this computer; /dev/tpmrm0 shares it with
// other programs.
func Device(path string) *Keeper {
	return New(func() (transport.TPMCloser, error) { return linuxtpm.Open(path) })
}

// New is the keeper by the chip that open reaches.
func New(open func() (transport.TPMCloser, error)) *Keeper { return &Keeper{open} }

// wrapped is what the key file stores.
type wrapped struct {
	Cell     uint32 `json:"cell"`
	Password []byte `json:"password"`
	Sealed   []byte `json:"sealed"`
}

// Name returns the constant Name.
func (k *Keeper) Name() string { return Name }

// Wrap puts a new key into a free cell and seals the given one under it. It
// needs the owner hierarchy of the chip without a password, as it is delivered.
func (k *Keeper) Wrap(key []byte) ([]byte, error) {
	secret, password := make([]byte, keySize), newPassword()
	_, _ = rand.Read(secret) // never fails
	w := wrapped{Password: password}
	err := k.with(func(c *chip) (err error) {
		w.Cell, err = c.define(password)
		if err == nil {
			err = c.write(w.Cell, password, secret)
		}
		return err
	})
	if err == nil {
		w.Sealed, err = state.Seal(secret, Name, key)
	}
	if err != nil {
		return nil, fmt.Errorf("tpm: wrap: %w", err)
	}
	return json.Marshal(w)
}

// Unwrap reads the cell and opens the key.
func (k *Keeper) Unwrap(data []byte) (key []byte, err error) {
	var w wrapped
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("tpm: unwrap: %w", err)
	}
	var secret []byte
	err = k.with(func(c *chip) error {
		secret, err = c.read(w.Cell, w.Password)
		return err
	})
	if err == nil {
		key, err = state.Unseal(secret, Name, w.Sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("tpm: unwrap: %w", err)
	}
	return key, nil
}

// Destroy clears the cell. One that is clear, or that another has taken since,
// stays.
func (k *Keeper) Destroy(data []byte) error {
	var w wrapped
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("tpm: destroy: %w", err)
	}
	err := k.with(func(c *chip) error {
		_, err := c.read(w.Cell, w.Password)
		if errors.Is(err, tpm2.TPMRCHandle) || errors.Is(err, tpm2.TPMRCAuthFail) || errors.Is(err, tpm2.TPMRCBadAuth) {
			return nil
		}
		return c.undefine(w.Cell)
	})
	if err != nil {
		return fmt.Errorf("tpm: destroy: %w", err)
	}
	return nil
}

func (k *Keeper) with(do func(*chip) error) error {
	t, err := k.open()
	if err != nil {
		return err
	}
	return errors.Join(do(&chip{t}), t.Close())
}

// chip is an open TPM.
type chip struct{ transport.TPM }

// define takes a free cell.
func (c *chip) define(password []byte) (cell uint32, err error) {
	for range tries {
		cell = firstCell + randomBelow(cells)
		_, err = tpm2.NVDefineSpace{
			AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
			Auth:       tpm2.TPM2BAuth{Buffer: password},
			PublicInfo: tpm2.New2B(public(cell)),
		}.Execute(c.TPM)
		if !errors.Is(err, tpm2.TPMRCNVDefined) {
			break
		}
	}
	return cell, err
}

// public describes a cell that only its password opens. Guessing it locks
// nothing (NoDA), it has 192 bits.
func public(cell uint32) tpm2.TPMSNVPublic {
	return tpm2.TPMSNVPublic{
		NVIndex: tpm2.TPMHandle(cell),
		NameAlg: tpm2.TPMAlgSHA256,
		Attributes: tpm2.TPMANV{
			AuthWrite: true, AuthRead: true, NoDA: true, NT: tpm2.TPMNTOrdinary,
		},
		DataSize: keySize,
	}
}

func (c *chip) write(cell uint32, password, secret []byte) error {
	return c.private(cell, password, tpm2.AESEncryption(128, tpm2.EncryptIn), func(auth tpm2.AuthHandle, index tpm2.NamedHandle) error {
		_, err := tpm2.NVWrite{AuthHandle: auth, NVIndex: index, Data: tpm2.TPM2BMaxNVBuffer{Buffer: secret}}.Execute(c.TPM)
		return err
	})
}

func (c *chip) read(cell uint32, password []byte) (secret []byte, err error) {
	err = c.private(cell, password, tpm2.AESEncryption(128, tpm2.EncryptOut), func(auth tpm2.AuthHandle, index tpm2.NamedHandle) error {
		r, err := tpm2.NVRead{AuthHandle: auth, NVIndex: index, Size: keySize}.Execute(c.TPM)
		if err == nil {
			secret = r.Data.Buffer
		}
		return err
	})
	return secret, err
}

func (c *chip) undefine(cell uint32) error {
	index, err := c.index(cell)
	if err != nil {
		return err
	}
	_, err = tpm2.NVUndefineSpace{
		AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
		NVIndex:    index,
	}.Execute(c.TPM)
	return err
}

func (c *chip) index(cell uint32) (tpm2.NamedHandle, error) {
	r, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(cell)}.Execute(c.TPM)
	if err != nil {
		return tpm2.NamedHandle{}, err
	}
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(cell), Name: r.NVName}, nil
}

// private has a cell used over a session whose key is salted by the chip's own
// storage key, so that nobody on the wires reads along.
func (c *chip) private(cell uint32, password []byte, sealing tpm2.AuthOption, use func(tpm2.AuthHandle, tpm2.NamedHandle) error) error {
	index, err := c.index(cell)
	if err != nil {
		return err
	}
	primary, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate)}.Execute(c.TPM)
	if err != nil {
		return err
	}
	pub, err := primary.OutPublic.Contents()
	if err == nil {
		err = use(tpm2.AuthHandle{
			Handle: index.Handle, Name: index.Name,
			Auth: tpm2.HMAC(tpm2.TPMAlgSHA256, 16, tpm2.Auth(password),
				tpm2.Salted(primary.ObjectHandle, *pub), sealing),
		}, index)
	}
	_, flushed := tpm2.FlushContext{FlushHandle: primary.ObjectHandle}.Execute(c.TPM)
	return errors.Join(err, flushed)
}

// newPassword makes a password of 192 bits for a cell. It is text, because a chip
// and go-tpm 0.9.8 do not agree on passwords with a byte 0 in them.
func newPassword() []byte {
	var b [keySize * 3 / 4]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.AppendEncode(nil, b[:])
}

func randomBelow(n uint32) uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:]) % n
}
