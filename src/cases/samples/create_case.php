<?php
$request = curl_init('http://127.0.0.1:8080/v1/cases');
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => [
        'Authorization: Bearer dossier_sandbox',
        'Content-Type: application/json',
        'Idempotency-Key: ' . bin2hex(random_bytes(16)),
    ],
    CURLOPT_POSTFIELDS => json_encode([
        'name' => 'Acme',
        'companies' => [['name' => 'Acme SAS', 'country' => 'FR']],
    ]),
]);
$document = json_decode(curl_exec($request), true);
if (curl_getinfo($request, CURLINFO_HTTP_CODE) !== 201) {
    throw new RuntimeException($document['message']);
}
echo $document['id'], PHP_EOL;
