package main

import (
	"log/slog"
	"os"

	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/state/tpm"
)

// tpmDevice is the kernel's TPM with a resource manager.
const tpmDevice = "/dev/tpmrm0"

// keepers are who may keep the data key on this computer, best first.
func keepers(getenv func(string) string, log *slog.Logger) []state.Keeper {
	var list []state.Keeper
	if _, err := os.Stat(tpmDevice); err == nil {
		list = append(list, tpm.Device(tpmDevice))
	}
	if dir := getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		k, err := state.Credential(dir)
		if err == nil {
			list = append(list, k)
		} else {
			log.Warn("the service manager's credential does not keep the data key", "err", err)
		}
	}
	return append(list, state.Software())
}
