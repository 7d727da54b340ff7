//! The listening addresses of a host: bound for UDP, prepared for streams, named for messages.
//!
//! In: the `[[listen]]` entries. Out: sockets for each shard, and what the node must know of all of them. The index of
//! an entry is the listener's number everywhere.

use std::net::SocketAddr;

use proxy::ListenAddress;
use sip::Transport;
use transport::{ServerTls, StreamListener, UdpListener, UdpOptions};

use crate::config::{Config, ListenTable};
use crate::error::StartError;
use crate::shard::UdpPort;

/// What has been bound.
pub(crate) struct Bound {
    /// UDP sockets of each shard.
    pub(crate) ports: Vec<Vec<UdpPort>>,
    /// Stream listeners, to be bound by the stream service.
    pub(crate) streams: Vec<StreamListener>,
    /// By number: transport, and the address that is bound (port 0 replaced for UDP).
    pub(crate) addresses: Vec<(Transport, SocketAddr)>,
}

/// Binds the UDP addresses, once for each shard.
pub(crate) fn bind(config: &Config, shards: usize) -> Result<Bound, StartError> {
    let mut bound = Bound {
        ports: (0..shards).map(|_| Vec::new()).collect(),
        streams: streams(config),
        addresses: Vec::new(),
    };
    for (number, entry) in config.listeners.iter().enumerate() {
        let index = number as u16;
        let transport = Transport::from(entry.transport);
        let mut address = entry.address;
        if transport == Transport::Udp {
            let buffer = config.limits.socket_buffer as usize;
            // Whether the port is free is asked alone first: sockets that share a port would share it with a stranger
            // of the same user, too.
            let alone = UdpOptions {
                receive_buffer: buffer,
                send_buffer: buffer,
                reuse_port: false,
                segmentation: entry.segmentation.unwrap_or_default(),
            };
            let first = UdpListener::bind(address, alone)?;
            address = first.local_address();
            if shards == 1 {
                bound.ports[0].push(UdpPort { listener: index, socket: first });
            } else {
                drop(first);
                for ports in &mut bound.ports {
                    let socket = UdpListener::bind(address, UdpOptions { reuse_port: true, ..alone })?;
                    ports.push(UdpPort { listener: index, socket });
                }
            }
        }
        bound.addresses.push((transport, address));
    }
    Ok(bound)
}

/// The stream listeners of a configuration.
pub(crate) fn streams(config: &Config) -> Vec<StreamListener> {
    let numbered = config.listeners.iter().enumerate();
    let listener = |(number, entry): (usize, &ListenTable)| StreamListener {
        index: number as u16,
        transport: Transport::from(entry.transport),
        address: entry.address,
        tls: server_tls(entry),
    };
    numbered.map(listener).filter(|listener| listener.transport != Transport::Udp).collect()
}

fn server_tls(entry: &ListenTable) -> Option<ServerTls> {
    Some(ServerTls {
        certificate: entry.certificate.clone()?,
        key: entry.key.clone()?,
        client_authorities: None,
        client_certificate_required: false,
    })
}

/// What stands in Via and Record-Route for each listener.
pub(crate) fn advertised(
    entries: &[ListenTable],
    addresses: &[(Transport, SocketAddr)],
) -> Result<Vec<ListenAddress>, StartError> {
    entries
        .iter()
        .zip(addresses)
        .map(|(entry, &(transport, address))| {
            let Some(advertise) = &entry.advertise else {
                if address.ip().is_unspecified() {
                    return Err(StartError::Unspecified(address));
                }
                return Ok(ListenAddress::new(transport, &address.ip().to_string(), address.port()));
            };
            let uri = format!("sip:{advertise}");
            let bad = || StartError::Value {
                key: "listen.advertise".into(),
                value: advertise.clone(),
                reason: "must be a host name or address, with or without a port",
            };
            let uri = sip::Uri::parse(uri.as_bytes()).map_err(|_| bad())?;
            if uri.user().is_some() {
                return Err(bad());
            }
            Ok(ListenAddress::new(transport, &uri.host().to_string(), uri.port().unwrap_or(address.port())))
        })
        .collect()
}
